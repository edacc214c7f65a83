import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { brokerError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'

interface Owner {
  readonly pid: number
  readonly host: string
  /** Tells apart processes that got the same pid, where the system says when a process began. */
  readonly startedAt: string | undefined
  readonly token: string
}

const attempts = 5

/**
 * Makes this process the only one that serves from a folder. Throws BROKER_DATA_FOLDER_IN_USE naming the owner; what a
 * process that is gone left behind is taken over. Whether a process of another host is gone cannot be told from here, and a container
 * that was started anew is another host: `takeOverFrom` names the host whose lock counts as left behind. Returns what releases the
 * folder.
 */
export function lockDataFolder(folder: string, takeOverFrom?: string): () => void {
  makeFolder(folder)
  const path = join(folder, 'lock')
  const token = `${process.pid}-${process.hrtime.bigint()}`
  const own: Owner = { pid: process.pid, host: hostname(), startedAt: startOf(process.pid), token }
  const candidate = join(folder, `lock.${token}`)
  try {
    writeFileSync(candidate, JSON.stringify(own))
  } catch (error) {
    throw brokerError('BROKER_STORAGE_FAILED', `the folder ${folder} cannot be written`, { folder }, error)
  }
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      // A link either makes the whole file appear or fails: nobody ever reads half a lock.
      if (tryLink(candidate, path)) return () => release(path, token)
      const owner = readOwner(path)
      if (owner && isAlive(owner, takeOverFrom)) throw inUse(folder, owner)
      removeStale(path, folder, owner, token)
    }
    throw inUse(folder, readOwner(path))
  } finally {
    rmSync(candidate, { force: true })
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Moves the stale lock aside and looks at what it moved: when another process has taken over meanwhile, that is its new lock,
 * which goes back to its place.
 */
function removeStale(path: string, folder: string, stale: Owner | undefined, token: string): void {
  const aside = join(folder, `lock.stale.${token}`)
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readOwner(aside)?.token !== stale?.token) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function release(path: string, token: string): void {
  if (readOwner(path)?.token !== token) return
  try {
    unlinkSync(path)
  } catch {
    // A lock whose process is gone is taken over.
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function isAlive(owner: Owner, takeOverFrom: string | undefined): boolean {
  if (owner.host !== hostname()) return owner.host !== takeOverFrom
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return owner.startedAt === undefined || owner.startedAt === startOf(owner.pid)
}

/** When a process began, in whatever form the system gives; undefined where it does not. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has stopped serving.
    if (fields[0] === 'Z') return undefined
    return `${boot}/${fields[19]}`
  } catch {
    return undefined
  }
}

function inUse(folder: string, owner: Owner | undefined): Error {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process'
  const message = `the data folder ${folder} is in use by ${who}`
  return brokerError('BROKER_DATA_FOLDER_IN_USE', message, { folder, pid: owner?.pid, host: owner?.host })
}
