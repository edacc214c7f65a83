// ClickHouse's engine for tests: the package `chdb` of PyPI behind a small HTTP server, in a folder of its own. It is the
// current engine with its own table engines, where Debian's `clickhouse-server` is of 2018.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'

export interface TestClickHouse extends AsyncDisposable {
  readonly url: string
  /** Ends the engine with SIGKILL, as a crash would; `restart` brings it back with what it had answered for. */
  kill(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

const folderOfTools = fileURLToPath(new URL('../clickhouse/', import.meta.url))

function python(): string | undefined {
  for (const program of [join(folderOfTools, 'target/bin/python'), process.env.MILLRACE_CHDB_PYTHON, 'python3']) {
    try {
      if (!program) continue
      execFileSync(program, ['-c', 'import importlib.util as u, sys; sys.exit(0 if u.find_spec("chdb") else 1)'], {
        stdio: 'pipe',
      })
      return program
    } catch {
      // The next one, then.
    }
  }
  return undefined
}

/** Why there is no ClickHouse here; undefined where there is. Where CI requires it, its absence is a failure. */
export function clickHouseUnavailable(): string | undefined {
  if (python() !== undefined) return undefined
  const reason =
    'the package chdb is not installed (python3 -m venv conformance/clickhouse/target; target/bin/pip install chdb-core==26.9.0)'
  if (process.env.MILLRACE_REQUIRE_CLICKHOUSE) throw new Error(reason)
  return reason
}

/** Starts an engine on 127.0.0.1 and a random port. It ends with this process, even when that is killed. */
export async function startClickHouse(): Promise<TestClickHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-clickhouse-'))
  const port = await freePort()
  const start = async (): Promise<ChildProcess> => {
    // Its standard input is a pipe that nobody writes to: it ends when this process does.
    const child = spawn(python()!, [join(folderOfTools, 'server.py'), String(port), join(folder, 'data')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`chdb ended with ${code}`)
    })
    exited.catch(() => {})
    await Promise.race([once(child.stdout!, 'data'), exited])
    return child
  }
  let child = await start()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  const close = async (): Promise<void> => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url: `http://127.0.0.1:${port}/default`,
    kill,
    restart: async () => {
      await kill()
      child = await start()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
