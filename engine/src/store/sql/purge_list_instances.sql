-- Those of the contact's conversations, those that were named, and the children of either that are not in somebody else's
-- conversation.
with recursive family as (
    select id, live
    from instance
    where tenant_id = $1 and (conversation_id = any($2) or id = any($3))
    union
    select child.id, child.live
    from family
    join instance as child on child.tenant_id = $1 and child.parent_id = family.id
    where child.conversation_id is null or child.conversation_id = any($2)
)
select id, live
from family
limit $4
