import { mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isMillraceError } from '@millrace/base'
import { open, type RootDatabase } from 'lmdb'
import { streamsError } from '../../../errors.ts'
import type { ThreadMemory } from '../../threads/left-transactions.ts'
import { bootId } from './boot-id.ts'
import { DiskRoom, prepareLockFile } from './disk-room.ts'
import { isStoreFile } from './store-file.ts'

export const directoryFormatVersion = 1

/** Directories that are closed, and still say that this process holds them. */
const unreleased = new Set<string>()

/** How old another machine's (or container's) last sign of life must be before its lock counts as abandoned. */
const abandonedMs = 30_000
const renewEveryMs = 10_000
/** All that the directory's notes come to. */
const notesBytesMax = 1_000

/** Who holds the directory. Whether a process id still names that process can only be told under the same boot and namespace. */
interface Owner {
  readonly pid: number
  /** Clock ticks since boot at which the process started: a reused process id has another. */
  readonly startedAt: string
  readonly boot: string
  readonly namespace: string
  readonly host: string
  readonly renewedAtMs: number
}

/**
 * `<stateDir>/<application id>`: locked by one process at a time, and home of the instance's identity. The lock is a
 * record in a small LMDB environment, because a write transaction there is exclusive across processes, so that two
 * starts at once cannot both find it free. It is not released by a killed process; the next one sees that it is dead.
 */
export class StateDirectory implements ThreadMemory {
  readonly path: string
  /** Stays the same across restarts; transactional ids are made of it, so that a restart aborts what its predecessor left open. */
  readonly instanceId: string
  readonly #root: RootDatabase<unknown, string>
  readonly #room: DiskRoom
  readonly #renewal: NodeJS.Timeout

  private constructor(path: string, instanceId: string, root: RootDatabase<unknown, string>, room: DiskRoom) {
    this.path = path
    this.instanceId = instanceId
    this.#root = root
    this.#room = room
    this.#renewal = setInterval(() => this.#renew(), renewEveryMs)
    this.#renewal.unref()
  }

  /** A full or broken disk must not end the process from within a timer; stores report it where it matters. */
  #renew(): void {
    try {
      this.#write(() => this.#root.putSync('owner', self()))
    } catch {
      // The next one tries again, well before the lock counts as abandoned.
    }
  }

  /**
   * @throws STREAMS_STATE_LOCKED when a living process holds the directory
   * @throws STREAMS_STATE_VERSION when a newer release made it
   * @throws STREAMS_STATE_FAILED when it cannot be read or written
   */
  static async open(stateDir: string, applicationId: string, newInstanceId: () => string): Promise<StateDirectory> {
    const path = join(stateDir, applicationId)
    const root = openRoot(path)
    try {
      const room = new DiskRoom(root, join(path, 'instance.mdb'))
      const instanceId = writeNotes(root, room, () => claim(root, path, newInstanceId))
      unreleased.delete(path)
      return new StateDirectory(path, instanceId, root, room)
    } catch (error) {
      await root.close()
      throw isMillraceError(error) ? error : notWritten(path, error)
    }
  }

  /** See `ThreadMemory`. */
  recall(): number {
    return (this.#root.get('threads') as number | undefined) ?? 0
  }

  remember(threads: number): void {
    this.#write(() => this.#root.putSync('threads', threads))
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal)
    try {
      this.#write(() => this.#root.removeSync('owner'))
    } catch {
      // On a full disk the note stays. Whoever opens the directory finds that its process has ended, or is this one.
      unreleased.add(this.path)
    }
    await this.#root.close()
  }

  #write(work: () => unknown): void {
    writeNotes(this.#root, this.#room, work)
  }
}

/** Room is made within the transaction: before it another process may be writing the same file. */
function writeNotes<T>(root: RootDatabase<unknown, string>, room: DiskRoom, work: () => T): T {
  return root.transactionSync(() => {
    room.begin()
    room.row(0, notesBytesMax)
    return work()
  })
}

function openRoot(path: string): RootDatabase<unknown, string> {
  try {
    mkdirSync(path, { recursive: true })
    const file = join(path, 'instance.mdb')
    if (!isStoreFile(file)) throw new Error(`${file} is damaged`)
    prepareLockFile(file)
    return open<unknown, string>({ path: file, encoding: 'json', overlappingSync: false })
  } catch (error) {
    throw notWritten(path, error)
  }
}

function claim(root: RootDatabase<unknown, string>, path: string, newInstanceId: () => string): string {
  const format = root.get('format') as number | undefined
  if (format !== undefined && format > directoryFormatVersion)
    throw streamsError(
      'STREAMS_STATE_VERSION',
      `${path} has format ${format}, this release reads up to ${directoryFormatVersion}`,
      {
        directory: path,
        found: format,
        supported: directoryFormatVersion,
      },
    )
  const owner = root.get('owner') as Owner | undefined
  if (owner && !(owner.pid === process.pid && unreleased.has(path)) && isAlive(owner))
    throw streamsError('STREAMS_STATE_LOCKED', `${path} is in use by process ${owner.pid} on ${owner.host}`, {
      directory: path,
      pid: owner.pid,
      host: owner.host,
    })
  const instanceId = (root.get('instanceId') as string | undefined) ?? newInstanceId()
  root.putSync('format', directoryFormatVersion)
  root.putSync('instanceId', instanceId)
  root.putSync('owner', self())
  return instanceId
}

function notWritten(directory: string, cause: unknown): unknown {
  const message = `the state directory ${directory} cannot be written: ${(cause as Error).message}`
  return streamsError('STREAMS_STATE_FAILED', message, { directory }, cause)
}

function self(): Owner {
  return {
    pid: process.pid,
    startedAt: startOf(process.pid) ?? '',
    boot: bootId() ?? '',
    namespace: pidNamespace(),
    host: hostname(),
    renewedAtMs: Date.now(),
  }
}

function isAlive(owner: Owner): boolean {
  const me = self()
  if (owner.boot !== me.boot || owner.namespace !== me.namespace || owner.host !== me.host)
    return Date.now() - owner.renewedAtMs < abandonedMs
  if (owner.startedAt !== '') return startOf(owner.pid) === owner.startedAt
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of `/proc/<pid>/stat`; undefined for a dead process, and where there is no such file. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may contain spaces; what follows it does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
