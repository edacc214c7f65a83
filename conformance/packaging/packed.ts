import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')

/** Why packages cannot be tested here; npm has to reach its registry for what they depend on. */
export function packagingUnavailable(): string | undefined {
  if (process.env.MILLRACE_REQUIRE_PACKAGING === '1') return undefined
  const reason = 'installs into projects of their own take minutes (MILLRACE_REQUIRE_PACKAGING=1 runs them)'
  console.log(reason)
  return reason
}

export interface Tarball {
  readonly name: string
  readonly path: string
  readonly packedBytes: number
  readonly files: readonly string[]
}

/** Builds and packs every public package, as a release would. */
export async function packAll(folder: string): Promise<Tarball[]> {
  await run('npm', ['run', 'build'], { cwd: root })
  const names = globSync('packages/*', { cwd: root })
  const { stdout } = await run(
    'npm',
    ['pack', '--json', ...names.flatMap((name) => ['--workspace', name]), '--pack-destination', folder],
    { cwd: root, maxBuffer: 64 << 20 },
  )
  return Object.values(JSON.parse(stdout) as Record<string, PackResult>).map(({ name, filename, size, files }) => ({
    name,
    path: join(folder, basename(filename)),
    packedBytes: size,
    files: files.map((file) => file.path),
  }))
}

interface PackResult {
  readonly name: string
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

export async function manifestOf(name: string): Promise<Manifest> {
  const folder = dirname(new URL(import.meta.resolve(`${name}/package.json`)).pathname)
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** An empty project outside the workspace. */
export class Project implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(manifest: Readonly<Record<string, unknown>>): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'millrace-project-')))
    await project.write('package.json', JSON.stringify({ name: 'own-project', version: '1.0.0', ...manifest }))
    return project
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true })
    await writeFile(join(this.folder, path), text)
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8')
  }

  install(...packages: readonly string[]): Promise<string> {
    return this.run('npm', 'install', '--no-audit', '--no-fund', ...packages)
  }

  /** Runs a command in the project with nothing of this workspace on its path; its output, or an error that holds it. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await run(command, args, {
        cwd: this.folder,
        env: projectEnvironment(this.folder),
        maxBuffer: 64 << 20,
        timeout: 300_000,
      })
      return stdout + stderr
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string }
      throw new Error(`${command} ${args.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The environment of someone who is not inside this workspace: its `.bin` folder and npm's variables are left out. */
export function projectEnvironment(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|INIT_CWD$)/.test(name),
  )
  const path = (process.env.PATH ?? '').split(':').filter((part) => !part.includes('node_modules'))
  // Some CI systems have colours switched on, which would stand between the words that tests look for.
  return { ...Object.fromEntries(kept), NO_COLOR: '1', PATH: [join(folder, 'node_modules/.bin'), ...path].join(':') }
}
