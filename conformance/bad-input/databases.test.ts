// Databases that are missing or not set up: what `millrace run` and `millrace doctor` say, and how they end.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import {
  eventually,
  millrace,
  Project,
  RunningCommand,
  refusal,
} from '../../packages/millrace/test/support/command-line.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

let logical: TestPostgres
let plain: TestPostgres
let broker: Broker
before(async () => {
  ;[logical, plain, broker] = await Promise.all([
    startPostgres(),
    startPostgres({ walLevel: 'replica' }),
    startBroker({ memory: true, worker: false }),
  ])
})
after(async () => {
  await broker?.close()
  await Promise.all([logical?.close(), plain?.close()])
})

async function execute(url: string, ...statements: string[]): Promise<pg.QueryResult[]> {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  try {
    const results: pg.QueryResult[] = []
    for (const statement of statements) results.push(await db.query(statement))
    return results
  } finally {
    await db.end()
  }
}

/** A database that `millrace migrate` has prepared, twice. */
async function migrated(server: TestPostgres, name: string): Promise<string> {
  const url = await server.createDatabase(name)
  for (const _ of ['first', 'again']) {
    const { status, stderr } = await millrace(['migrate', '--url', url])
    assert.equal(status, 0, stderr)
  }
  return url
}

/** A project whose configuration captures the outbox of a database. */
function projectFor(url: string, name: string, slot = `slot_${name}`): Promise<Project> {
  return Project.create({
    'millrace.config.ts': `import { postgresOutbox, serdes, topic } from 'millrace'
const order = topic('order', { key: serdes.string, value: serdes.json() })
export default {
  gateway: { port: 0 },
  sources: [postgresOutbox({ name: '${name}', url: '${url}', slot: '${slot}', topics: [order] })],
}`,
  })
}

function run(project: Project): RunningCommand {
  return new RunningCommand(['run', '--brokers', broker.brokers], { cwd: project.folder })
}

/** Doctor reports the code and ends with status 1; run prints it as its one error, ends what it started, and so with status 1. */
async function assertBothRefuse(project: Project, code: string): Promise<void> {
  const doctor = await millrace(['doctor', '--json', '--brokers', broker.brokers], { cwd: project.folder })
  const findings = JSON.parse(doctor.stdout) as { ok: boolean; code?: string; remedy?: string }[]
  assert.equal(doctor.status, 1)
  assert.deepEqual(
    findings.filter(({ ok }) => !ok).map((finding) => finding.code),
    [code],
  )
  assert.ok(findings.every(({ ok, remedy }) => ok || (remedy ?? '').length > 10))
  await assertRunRefuses(project, code)
}

async function assertRunRefuses(project: Project, code: string): Promise<void> {
  const running = run(project)
  const status = await running.ended(30_000)
  assert.equal(refusal({ status, stdout: running.stdout, stderr: running.stderr }, code), undefined)
  assert.match(running.stdout, /: failed/, 'names the connector')
}

describe('what only people can mend ends the process', { concurrency: 2 }, () => {
  test('wal_level is not logical', async () => {
    await using project = await projectFor(await migrated(plain, 'wal'), 'wal')
    await assertBothRefuse(project, 'POSTGRES_WAL_LEVEL')
  })

  test('the user may not replicate', async () => {
    const url = await migrated(logical, 'rights')
    await execute(
      url,
      'create role reader login',
      'grant all on all tables in schema public to reader',
      'grant all on database rights to reader',
    )
    await using project = await projectFor(url.replace('postgres@', 'reader@'), 'rights')
    const doctor = await millrace(['doctor', '--json', '--brokers', broker.brokers], { cwd: project.folder })
    assert.match(doctor.stdout, /POSTGRES_NO_REPLICATION_RIGHT/)
    assert.equal(doctor.status, 1)
    const running = run(project)
    const status = await running.ended(30_000)
    assert.equal(status, 1)
    assert.match(running.stderr, /^error .*\[POSTGRES_NO_(REPLICATION|PUBLICATION)_RIGHT\]\n {2}(cause|remedy)/m)
  })

  test('the database does not exist', async () => {
    await using project = await projectFor(logical.url('nowhere'), 'nowhere')
    await assertBothRefuse(project, 'POSTGRES_ACCESS_DENIED')
  })

  test('somebody moved the slot beyond the stored position', async () => {
    const url = await migrated(logical, 'ahead')
    await using project = await projectFor(url, 'ahead')
    {
      await using running = run(project)
      await running.prints(/ahead: running/)
      assert.equal(await running.stop(), 0)
    }
    await execute(
      url,
      'create table other (id int)',
      'insert into other select generate_series(1, 100)',
      `select pg_replication_slot_advance('slot_ahead', pg_current_wal_lsn())`,
    )
    await assertRunRefuses(project, 'POSTGRES_SLOT_AHEAD')
    const forgotten = await millrace(['connect', 'forget', 'ahead', '--brokers', broker.brokers])
    assert.equal(refusal(forgotten, 'CONFIRMATION_NEEDED'), undefined)
  })

  test('one connector fails: the others are stopped in order, and have lost nothing', async () => {
    const url = await migrated(logical, 'healthy')
    const wrong = await migrated(plain, 'unhealthy')
    await using project = await projectFor(url, 'healthy')
    await project.write({
      'both.ts': `import { postgresOutbox, serdes, topic } from 'millrace'
import config from './millrace.config.ts'
const other = topic('other', { key: serdes.string, value: serdes.json() })
export default { ...config, sources: [...config.sources, postgresOutbox({ name: 'unhealthy', url: '${wrong}', topics: [other] })] }`,
    })
    const append = (id: string) =>
      execute(
        url,
        `insert into outbox (id, aggregatetype, aggregateid, type, payload) values (gen_random_uuid(), 'order', '${id}', 'x', '{}')`,
      )
    await append('before')
    const both = await millrace(['run', 'both.ts', '--brokers', broker.brokers], { cwd: project.folder })
    assert.equal(refusal(both, 'POSTGRES_WAL_LEVEL'), undefined)
    await append('between')
    await using alone = run(project)
    await alone.prints(/healthy: running/)
    await append('after')
    const keys = async (): Promise<string[]> => {
      const args = ['consume', 'order', '--from-beginning', '--exit-at-end', '--json', '--brokers', broker.brokers]
      const lines = (await millrace(args)).stdout.split('\n').filter(Boolean)
      return lines.map((line) => (JSON.parse(line) as { key: string }).key)
    }
    assert.deepEqual(await eventually(keys, (found) => found.length >= 3), ['before', 'between', 'after'])
  })
})

describe('what passes by itself is waited for', () => {
  const readiness = async (url: string) => {
    const response = await fetch(`${url}/readyz`)
    return { status: response.status, body: await response.text() }
  }

  test('a database that is down: run stays, says why once, /readyz knows, and goes on when it is back', async () => {
    const own = await startPostgres()
    try {
      const url = await migrated(own, 'down')
      await using project = await projectFor(url, 'down')
      await own.kill()
      const doctor = await millrace(['doctor', '--brokers', broker.brokers], { cwd: project.folder })
      assert.equal(doctor.status, 1)
      assert.match(doctor.stdout, /POSTGRES_UNAVAILABLE/)
      await using running = run(project)
      const gateway = await running.prints(/gateway listening on (\S+)/)
      await running.prints(/POSTGRES_UNAVAILABLE/)
      const waiting = await eventually(
        () => readiness(gateway),
        ({ status, body }) => status === 503 && /down/.test(body),
      )
      assert.match(waiting.body, /"name":"down","waitingFor":"retrying: /)
      assert.equal((await fetch(`${gateway}/livez`)).status, 200)
      await eventually(
        async () =>
          (
            (await (await fetch(`${gateway}/connectors?expand=details`)).json()) as {
              down?: { details: { details: { attempts: number } } }
            }
          ).down?.details.details.attempts ?? 0,
        (attempts) => attempts >= 3,
      )
      assert.equal(running.output.match(/POSTGRES_UNAVAILABLE/g)?.length, 1, running.output)
      await own.restart()
      await running.prints(/down: running/)
      assert.equal(
        (
          await eventually(
            () => readiness(gateway),
            ({ status }) => status === 200,
          )
        ).status,
        200,
      )
      assert.equal(await running.stop(), 0)
    } finally {
      await own.close()
    }
  })

  test('a slot that somebody else reads: run waits, says so once, and takes over when it is free', async () => {
    const url = await migrated(logical, 'taken')
    await using project = await projectFor(url, 'taken')
    await using first = run(project)
    await first.prints(/taken: running/)
    await using other = await projectFor(url, 'taken_too', 'slot_taken')
    await using second = run(other)
    await second.prints(/taken_too: .*(POSTGRES_SLOT_TAKEN|stands by)/)
    await first.stop()
    await second.prints(/taken_too: running/)
    assert.equal(second.output.match(/POSTGRES_SLOT_TAKEN|stands by/g)?.length, 1, second.output)
    assert.equal(await second.stop(), 0)
  })
})

test('a database that does not answer is named by migrate', async () => {
  assert.equal(
    refusal(await millrace(['migrate', '--url', 'postgres://127.0.0.1:1/x']), 'DATABASE_UNREACHABLE'),
    undefined,
  )
})

test('topics with another number of partitions than their contract are found by doctor', async () => {
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'narrow', partitions: 1 }])
  await using project = await Project.create({
    'millrace.config.ts': `import { postgresOutbox, serdes, topic } from 'millrace'
const narrow = topic('narrow', { key: serdes.string, value: serdes.json(), partitions: 3 })
export default { sources: [postgresOutbox({ url: '${logical.url()}', topics: [narrow] })] }`,
  })
  const { stdout, status } = await millrace(['doctor', '--json', '--brokers', broker.brokers], { cwd: project.folder })
  assert.equal(status, 1)
  assert.match(stdout, /has 1 partition, its contract says 3/)
})
