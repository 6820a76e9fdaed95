select id
from process
where seen_until > now()
