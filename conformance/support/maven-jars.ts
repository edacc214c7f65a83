import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const lockAgeMsMax = 300_000
const lockPollMs = 200

/**
 * The folder with the jars of a pom.xml, which Maven fetches the first time. Each content of the pom has a folder of its
 * own, so that a change never takes jars away from a process that runs; a lock keeps parallel test files from fetching twice.
 */
export function mavenJars(folder: string): string {
  const pom = join(folder, 'pom.xml')
  const target = join(folder, 'target')
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const jars = join(target, `lib-${digest}`)
  if (existsSync(jars)) return jars
  mkdirSync(target, { recursive: true })
  const lock = join(target, 'lock')
  while (!tryLock(lock)) {
    if (existsSync(jars)) return jars
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPollMs)
  }
  try {
    if (existsSync(jars)) return jars
    const unfinished = `${jars}.new`
    rmSync(unfinished, { recursive: true, force: true })
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`]
    const run = spawnSync('mvn', ['-q', '-B', '-f', pom, ...goal], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`Maven could not fetch the jars of ${pom}: ${outputOf(run)}`)
    renameSync(unfinished, jars)
    return jars
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** A lock that has grown old was left by a process that died. */
function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > lockAgeMsMax) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

/** What a program said; where there is no such program, that. */
export function outputOf(run: SpawnSyncReturns<string>): string {
  return run.error?.message ?? `${run.stdout}${run.stderr}`
}
