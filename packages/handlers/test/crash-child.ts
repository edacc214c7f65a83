// A service that the crash tests kill: adds each event's amount to a balance and passes it on through the outbox.
import { serdes, topic } from '@millrace/contracts'
import { consume } from '@millrace/handlers'
import { outbox } from '@millrace/outbox'
import pg from 'pg'

const { BROKERS = '', DATABASE_URL = '', TOPIC = '', STOP_AFTER = '0' } = process.env
const source = topic(TOPIC, { key: serdes.string, value: serdes.json<{ amount: number }>() })
const result = topic(`${TOPIC}-result`, { key: serdes.string, value: serdes.json<{ amount: number }>() })

const pool = new pg.Pool({ connectionString: DATABASE_URL })
let handled = 0
const running = await consume(
  source,
  async ({ key, value, eventId }, { tx }) => {
    if (key === null || value === null) return
    await tx.query('update balance set amount = amount + $2 where id = $1', [key, value.amount])
    await tx.query('insert into effect (event) values ($1)', [eventId])
    await outbox(tx).append(result, key, value)
    if (++handled === Number(STOP_AFTER)) setImmediate(() => console.log('enough'))
  },
  {
    brokers: BROKERS,
    groupId: TOPIC,
    instanceId: 'crash-child',
    inbox: pool,
    // So rarely that a kill always comes between an effect and the commit of its offset.
    commitIntervalMs: 600_000,
  },
)
process.once('SIGTERM', async () => {
  await running.close()
  await pool.end()
  console.log(`closed after ${handled}`)
})
console.log('ready')
