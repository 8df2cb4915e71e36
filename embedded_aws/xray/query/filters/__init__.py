"""Filter expressions: text -> expression (`parser`), expression -> text (`syntax`), and what it selects."""
