#!/bin/sh
# The seed data of a fresh lab, run as root on the host: three customers, and 2000 orders of the last weeks.
set -eu
for name in ada grace linus; do
  curl -fsS -o /dev/null -H 'content-type: application/json' http://127.0.0.1/api/register \
    --data "{\"email\":\"$name@hummii.test\",\"password\":\"hummii-demo\"}"
done
docker compose -f /opt/hummii/docker-compose.prod.yml exec -T postgres psql -q -U hummii -d hummii -v ON_ERROR_STOP=1 <<'SQL'
INSERT INTO orders (user_id, item, quantity, created_at)
SELECT 1 + n % 3, (ARRAY['honey', 'hummus', 'hammock', 'hat', 'harp'])[1 + n % 5], 1 + n % 4, now() - (2000 - n) * interval '18 minutes'
FROM generate_series(1, 2000) AS n;
INSERT INTO messages (user_id, text) SELECT 1 + n % 3, 'Where is order ' || n || '?' FROM generate_series(1, 10) AS n;
INSERT INTO payments (order_id, amount_cents) SELECT id, 100 * quantity FROM orders WHERE id % 2 = 0;
SQL
