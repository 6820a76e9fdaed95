select fire_at
from timer
where fire_at > $1
order by fire_at
limit 1
