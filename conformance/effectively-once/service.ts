import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { randomInt, seededRandom } from '@millrace/base'
import { outbox } from '@millrace/outbox'
import pg from 'pg'
import { movement as topic } from './contracts.ts'

/** What a schedule asks the service for; a row of the table `schedules`. */
export interface Wanted {
  readonly id: number
  readonly seed: number
  readonly movements: number
  readonly accounts: number
}

/** And how much of it the ledger holds. */
interface Progress extends Wanted {
  readonly done: number
}

const writers = 3
const idleMs = 20

/**
 * A service that does what the table `schedules` asks for, however often it is killed: what it has done stands in its own
 * ledger. One transaction in eight is rolled back.
 */
export async function serve(url: string, stopped: Promise<unknown>): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: writers + 1, connectionTimeoutMillis: 2_000 })
  // Connections that break: the statement fails, and the next one gets a new connection.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  let isStopped = false
  void stopped.then(() => {
    isStopped = true
  })
  let [schedule, round] = [-1, 0]
  while (!isStopped) {
    try {
      const wanted = await nextWanted(pool)
      if (wanted) [schedule, round] = [wanted.id, wanted.id === schedule ? round + 1 : 0]
      if (wanted) await Promise.all(Array.from({ length: writers }, (_, writer) => write(pool, wanted, round, writer)))
      else await delay(idleMs)
    } catch {
      await delay(idleMs)
    }
  }
  await pool.end()
}

async function nextWanted(pool: pg.Pool): Promise<Progress | undefined> {
  const text = `select s.id, s.seed, s.movements, s.accounts, count(l.id)::int as done
    from schedules s left join ledger l on l.schedule = s.id
    where s.id = (select max(id) from schedules) group by s.id`
  const { rows } = await pool.query<Progress>(text)
  const [wanted] = rows
  return wanted && wanted.done < wanted.movements ? wanted : undefined
}

interface Movement {
  readonly account: string
  readonly amount: number
  /** Between the statements and their end. */
  readonly delayMs: number
  readonly isRolledBack: boolean
}

/**
 * What a writer does in a round, as the seed says. The round counts: a last movement that is rolled back leaves everything
 * as it was, and would be rolled back again for ever.
 */
export function* movementsOf(
  { id, seed, movements, accounts, done }: Progress,
  round: number,
  writer: number,
): Generator<Movement> {
  const random = seededRandom(seed * 31 + done * 7 + writer + round * 104_729)
  const share = Math.ceil((movements - done) / writers)
  for (let i = 0; i < share; i++) {
    yield {
      account: `s${id}-a${randomInt(random, accounts)}`,
      amount: 1 + randomInt(random, 100),
      delayMs: randomInt(random, 4) === 0 ? randomInt(random, 6) : 0,
      isRolledBack: randomInt(random, 8) === 0,
    }
  }
}

/** One of several writers at a time, which wait for each other on the rows of the accounts. */
async function write(pool: pg.Pool, wanted: Progress, round: number, writer: number): Promise<void> {
  for (const movement of movementsOf(wanted, round, writer)) {
    const client = await pool.connect()
    let isBroken = true
    try {
      await client.query('begin')
      await move(client, wanted.id, movement)
      if (movement.delayMs > 0) await delay(movement.delayMs)
      await client.query(movement.isRolledBack ? 'rollback' : 'commit')
      isBroken = false
    } finally {
      client.release(isBroken)
    }
  }
}

async function move(client: pg.PoolClient, schedule: number, { account, amount }: Movement): Promise<void> {
  const id = randomUUID()
  // The account's row is locked until the commit: that is what puts the messages of an account in order.
  const next = `insert into accounts (account, seq) values ($1, 1)
    on conflict (account) do update set seq = accounts.seq + 1 returning seq`
  const { rows } = await client.query<{ seq: number }>(next, [account])
  const seq = Number(rows[0]?.seq)
  const insert = 'insert into ledger (id, schedule, account, seq, amount) values ($1, $2, $3, $4, $5)'
  await client.query(insert, [id, schedule, account, seq, amount])
  await outbox(client).append(topic, account, { id, schedule, account, seq, amount })
}
