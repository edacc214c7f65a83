import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarks } from './folders.ts'

let missing: readonly string[] | undefined

/** Why Java programs cannot run here, or undefined. */
export function javaUnavailable(): string | undefined {
  missing ??= ['java', 'javac', 'mvn'].filter((tool) => spawnSync(tool, ['-version'], { stdio: 'ignore' }).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')} not found`
}

/**
 * The class path of a folder in `benchmarks/peers`: the jars that its pom.xml names, from Maven, and its Java files,
 * compiled beforehand so that no compiler runs in a process that is measured.
 */
export function javaPeer(name: string): string {
  const folder = join(benchmarks, 'peers', name)
  const lib = join(folder, 'target', 'lib')
  const classes = join(folder, 'target', 'classes')
  const sources = globSync('*.java', { cwd: folder }).map((file) => join(folder, file))
  const pom = join(folder, 'pom.xml')
  const made = join(folder, 'target', 'made-from.txt')
  const inputs = [pom, ...sources].map((file) => readFileSync(file, 'utf8')).join('\n')
  const classPath = `${classes}:${join(lib, '*')}`
  if (existsSync(made) && readFileSync(made, 'utf8') === inputs) return classPath
  rmSync(join(folder, 'target'), { recursive: true, force: true })
  mkdirSync(classes, { recursive: true })
  execute('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`])
  if (sources.length > 0) execute('javac', ['-d', classes, '-cp', classPath, ...sources])
  writeFileSync(made, inputs)
  return classPath
}

function execute(command: string, args: readonly string[]): void {
  const run = spawnSync(command, args, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${command} failed: ${run.error?.message ?? ''}${run.stdout}${run.stderr}`)
}
