import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const root = join(import.meta.dirname, '../../../..')
const script = join(root, 'packages/millrace/bin/millrace.js')

/** A folder with the packages of this checkout, as a user's project has them installed. */
export class Project implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(files: Readonly<Record<string, string>> = {}): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'millrace-project-')))
    await symlink(join(root, 'node_modules'), join(project.folder, 'node_modules'))
    await project.write({ 'package.json': '{"type":"module"}', ...files })
    return project
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true })
      await writeFile(this.path(name), text)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

export interface CommandOptions {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** What the command reads from standard input. */
  readonly input?: string
}

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the real command line to its end. */
export async function millrace(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const command = new RunningCommand(args, options)
  const status = await command.ended(60_000)
  return { status, stdout: command.stdout, stderr: command.stderr }
}

/** A command of the real command line that goes on until it is stopped. */
export class RunningCommand implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], { cwd = tmpdir(), environment, input }: CommandOptions = {}) {
    // Without what a developer's shell may have set: only the given environment counts.
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(MILLRACE_|NODE_TEST|NO_COLOR|FORCE_COLOR|CI$)/.test(name),
    )
    this.#child = spawn(process.execPath, ['--conditions=source', script, ...args], {
      cwd,
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: 'pipe',
    })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#child.stdin?.on('error', () => {})
    this.#child.stdin?.end(input ?? '')
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get output(): string {
    return this.stdout + this.stderr
  }

  /** The exit status; null for one that a signal ended, or that had to be ended here because it did not by itself. */
  async ended(timeoutMs: number): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    await this.#closed
    clearTimeout(timer)
    return this.#child.exitCode
  }

  /** Waits for something in what it prints and returns the first group, or the whole match. */
  async prints(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await delay(20)) {
      const match = pattern.exec(this.output)
      if (match) return match[1] ?? match[0]
      if (this.#child.exitCode !== null) break
    }
    const match = pattern.exec(this.output)
    if (match) return match[1] ?? match[0]
    throw new Error(`nothing printed matches ${pattern}:\n${this.output}`)
  }

  /** Stops it as Ctrl-C or an orchestrator would. */
  async stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return this.ended(20_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop('SIGKILL')
  }
}

/** Asserts one clear error, or the preview of what would be deleted: its code once, a remedy, no stack, its status, and nothing on standard output. */
export function refusal({ status, stdout, stderr }: Outcome, code: string): string | undefined {
  const lines = stderr.split('\n').filter(Boolean)
  const errors = lines.filter((line) => /^(error|preview) /.test(line))
  if (status !== (code === 'USAGE' ? 2 : 1)) return `exit status ${status}\n${stdout}${stderr}`
  if (errors.length !== 1 || !errors[0]?.endsWith(`[${code}]`)) return `not one error with code ${code}:\n${stderr}`
  if (!/^ {2}remedy .{10,}/m.test(stderr)) return `no remedy:\n${stderr}`
  if (/^\s+at .*:\d+:\d+/m.test(stderr)) return `a stack trace:\n${stderr}`
  return undefined
}

/** Waits until an answer is the expected one and returns the last one either way. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await delay(50)) {
    const answer = await ask()
    if (isGood(answer) || Date.now() > deadline) return answer
  }
}
