import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import pg from 'pg'

export type TestClient = pg.Client & AsyncDisposable & { readonly url: string }

export interface TestDatabases {
  readonly server: TestPostgres
  /** A client on a fresh database. */
  client(): Promise<TestClient>
  /** One more client on a database. */
  connect(url: string): Promise<TestClient>
}

/** One server per test file. */
export async function startDatabases(): Promise<TestDatabases> {
  const server = await startPostgres()
  let count = 0
  const connect = async (url: string): Promise<TestClient> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return Object.assign(client, { url, [Symbol.asyncDispose]: () => client.end() })
  }
  return { server, connect, client: async () => connect(await server.createDatabase(`test_${count++}`)) }
}

/** Commits what `work` did on the client, or rolls it back when it throws. */
export async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
