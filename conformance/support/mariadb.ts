// A real MariaDB for tests, from Debian's `mariadb-server`: a server of its own in a temporary folder, not the system's.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { freePort } from './free-port.ts'

export interface TestMariaDb extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  /** Connection string of a database; `test` always exists. Its user may do everything and needs no password. */
  url(database?: string): string
  /** Creates a database and returns its url. */
  createDatabase(name: string): Promise<string>
  /** Ends the server with SIGKILL, as a crash would; `restart` brings it back with what had been committed. */
  kill(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

const program = '/usr/sbin/mariadbd'
const startAttemptsMax = 200
const startDelayMs = 50

/** Why there is no MariaDB here; undefined where there is. Where CI requires the server, its absence is a failure. */
export function mariaDbUnavailable(): string | undefined {
  if (existsSync(program)) return undefined
  const reason = `${program} is missing (Debian: apt-get install mariadb-server)`
  if (process.env.MILLRACE_REQUIRE_MARIADB === '1') throw new Error(reason)
  return reason
}

/**
 * Starts a server on 127.0.0.1 and a random port; `settings` are flags without their dashes. It ends with this process, even when that is killed.
 *
 * @example
 * await using mariadb = await startMariaDb()
 * const pool = createPool(await mariadb.createDatabase('orders'))
 */
export async function startMariaDb(settings: Readonly<Record<string, string | number>> = {}): Promise<TestMariaDb> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mariadb-'))
  const user = unprivilegedUser()
  await chmod(folder, 0o755)
  if (user) await chown(folder, user.uid, user.gid)
  const dataDir = join(folder, 'data')
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${dataDir}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...user, stdio: 'pipe', cwd: folder },
  )
  const server = new Server(folder, dataDir, await freePort(), user, settings)
  try {
    await server.start()
    await server.createDatabase('test')
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

class Server implements TestMariaDb {
  readonly #folder: string
  readonly #flags: readonly string[]
  readonly #user: { readonly uid: number; readonly gid: number } | undefined
  readonly #watchdog: ChildProcess
  readonly port: number
  #server: ChildProcess | undefined

  constructor(
    folder: string,
    dataDir: string,
    port: number,
    user: { uid: number; gid: number } | undefined,
    settings: Readonly<Record<string, string | number>>,
  ) {
    this.#folder = folder
    this.#user = user
    this.port = port
    const all = {
      datadir: dataDir,
      port,
      'bind-address': '127.0.0.1',
      socket: join(folder, 'socket'),
      'pid-file': join(folder, 'pid'),
      'innodb-buffer-pool-size': '16M',
      'innodb-log-file-size': '32M',
      // A killed process loses nothing without it; only a power cut would, and no test cuts the power.
      'innodb-flush-log-at-trx-commit': 2,
      'performance-schema': 'OFF',
      'skip-name-resolve': 1,
      ...settings,
    }
    this.#flags = ['--no-defaults', ...Object.entries(all).map(([name, value]) => `--${name}=${value}`)]
    this.#watchdog = startWatchdog(folder)
  }

  get pid(): number {
    if (this.#server?.pid === undefined) throw new Error('the MariaDB server is not running')
    return this.#server.pid
  }

  url(database = 'test'): string {
    return `mysql://root@127.0.0.1:${this.port}/${database}`
  }

  async createDatabase(name: string): Promise<string> {
    const connection = await createConnection(this.url('mysql'))
    try {
      await connection.query(`create database ${connection.escapeId(name)} character set utf8mb4`)
    } finally {
      await connection.end()
    }
    return this.url(name)
  }

  async start(): Promise<void> {
    const server = spawn(program, this.#flags, { ...this.#user, cwd: this.#folder, stdio: 'ignore', detached: true })
    this.#server = server
    for (let attempt = 0; attempt < startAttemptsMax && server.exitCode === null; attempt++) {
      try {
        const connection = await createConnection(this.url('mysql'))
        await connection.end()
        server.unref()
        return
      } catch {
        await delay(startDelayMs)
      }
    }
    throw new Error('MariaDB did not start')
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.start()
  }

  async close(): Promise<void> {
    await this.#end('SIGKILL')
    const cleaned = new Promise((resolve) => this.#watchdog.once('exit', resolve))
    if (this.#watchdog.exitCode === null) {
      this.#watchdog.ref()
      this.#watchdog.stdin?.end()
      await cleaned
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ending = this.#server
    this.#server = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    ending.ref()
    const exited = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await exited
  }
}

/** Ends the server when this process ends in whatever way: its standard input is then closed. */
function startWatchdog(folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -KILL "$(cat "$1/pid" 2>/dev/null)" 2>/dev/null; sleep 0.1; rm -rf "$1"'
  const watchdog = spawn('/bin/sh', ['-c', script, 'watchdog', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

/** The server refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'mysql'], { stdio: 'pipe' }).toString())
  return { uid: id('-u'), gid: id('-g') }
}
