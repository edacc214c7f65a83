import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after } from 'node:test'

const programs = join(import.meta.dirname, '../../node_modules/.bin')
const cli = join(import.meta.dirname, '../../packages/millrace/bin/millrace.js')

/** A project of its own beside these tests, so that it finds the packages that they have. */
export interface TestProject {
  readonly folder: string
  write(path: string, text: string): void
  /** Paths of the files below a folder. */
  files(folder: string): string[]
  /** Runs `millrace`, returns what it printed. */
  millrace(args: readonly string[], environment?: Readonly<Record<string, string>>): string
  /** Puts a program where `npm install` would. */
  link(program: string): void
  /** Runs a program of node_modules. */
  run(program: string, args: readonly string[], environment?: Readonly<Record<string, string>>): string
}

/** `onEnd` is told how to remove it; by default it lasts as long as the test that is running, or the file. */
export function testProject(dependencies: readonly string[], onEnd: (remove: () => void) => void = after): TestProject {
  const root = join(import.meta.dirname, 'target')
  mkdirSync(root, { recursive: true })
  const folder = mkdtempSync(join(root, 'project-'))
  onEnd(() => rmSync(folder, { recursive: true, force: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const manifest = {
    name: 'service',
    type: 'module',
    dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
  }
  write('package.json', JSON.stringify(manifest))
  const execute = (
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): string =>
    execFileSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...environment },
    })
  return {
    folder,
    write,
    files: (path) => readdirSync(join(folder, path)).map((name) => join(folder, path, name)),
    millrace: (args, environment) => execute(process.execPath, ['--conditions=source', cli, ...args], environment),
    link(program) {
      mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
      symlinkSync(join(programs, program), join(folder, 'node_modules/.bin', program))
    },
    run: (program, args, environment) => execute(join(programs, program), args, environment),
  }
}
