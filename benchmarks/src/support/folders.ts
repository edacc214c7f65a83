import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The folder `benchmarks`. */
export const benchmarks = dirname(dirname(import.meta.dirname))
/** The repository. */
export const root = dirname(benchmarks)

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/** A folder that goes away with its owner. */
export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `millrace-bench-${purpose}-`))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}
