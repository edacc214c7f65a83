import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ConnectorJob } from './run-connector.ts'

const script = fileURLToPath(new URL('run-connector.ts', import.meta.url))

/** Starts a connector in a process of its own. What it prints on standard error is kept for a failing test. */
export function startConnector(job: ConnectorJob): {
  child: ChildProcess
  running: Promise<void>
  errors: () => string
} {
  const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (text: Buffer) => {
    errors = (errors + text.toString()).slice(-4_000)
  })
  const running = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the connector ended with ${code} before it ran: ${errors}`)))
  })
  running.catch(() => {})
  return { child, running, errors: () => errors }
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Kills and restarts a connector `kills` times at random moments, then lets it run until `isDone`. */
export async function crashLoop(
  job: ConnectorJob,
  options: { readonly kills: number; readonly random: () => number; readonly isDone: () => Promise<boolean> },
): Promise<void> {
  const { kills, random, isDone } = options
  for (let i = 0; i < kills; i++) {
    const { child, running } = startConnector(job)
    // Some die while they open or read their position, most in the middle of their work.
    if (i === 0 || random() < 0.75) await running
    await new Promise((resolve) => setTimeout(resolve, random() * 400))
    await kill(child)
  }
  const { child, running, errors } = startConnector(job)
  try {
    await running
    const deadline = Date.now() + 120_000
    while (!(await isDone())) {
      if (Date.now() > deadline) throw new Error(`the last run did not finish: ${errors()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    await kill(child)
  }
}
