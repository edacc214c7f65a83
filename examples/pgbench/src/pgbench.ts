import { spawn } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The program, from PATH or where Debian's package `postgresql` puts it; undefined when it is not installed. */
export function findPgbench(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'pgbench'))
  const debian = globSync('/usr/lib/postgresql/*/bin/pgbench').sort().reverse()
  return [...onPath, ...debian].find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Fills pgbench's tables anew. */
export async function initialize(pgbench: string, url: string, scale: number): Promise<void> {
  await run(pgbench, ['--initialize', '--quiet', `--scale=${scale}`, url])
}

/** pgbench's TPC-B load: every client runs `transactions` of them. */
export async function load(
  pgbench: string,
  url: string,
  options: { readonly clients: number; readonly transactions: number },
): Promise<void> {
  const { clients, transactions } = options
  // --no-vacuum: pgbench would otherwise truncate pgbench_history first, which Millrace already captures.
  const counts = [`--client=${clients}`, '--jobs=2', `--transactions=${transactions}`]
  await run(pgbench, ['--no-vacuum', ...counts, url])
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output = (output + text.toString()).slice(-4_000)
    })
  }
  const [code] = await new Promise<[number | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve([exitCode]))
  })
  if (code !== 0) throw new Error(`${program} ended with status ${code}:\n${output}`)
}
