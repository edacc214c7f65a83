// `npm run check`: every house rule in one run. Each step prints nothing when it holds.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tidy } from './tidy/rules.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

function command(name: string, args: readonly string[]): string {
  const run = spawnSync(bin(name), args, { cwd: root, encoding: 'utf8' })
  return run.status === 0 ? '' : `${run.stdout}${run.stderr}`
}

function trackedFiles(): string[] {
  return spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
}

function hostNames(): string {
  const registry = /https?:\/\/[a-z0-9.-]*(npmjs|maven|pypi|pythonhosted|debian|crates|goproxy)[a-z0-9.]*/
  return trackedFiles()
    .filter((file) => existsSync(join(root, file)) && registry.test(readFileSync(join(root, file), 'utf8')))
    .map((file) => `${file} names a package registry's host\n`)
    .join('')
}

function packageReadmes(): string {
  return globSync('packages/*/package.json', { cwd: root })
    .map((file) => file.replace('package.json', 'README.md'))
    .filter((file) => !existsSync(join(root, file)))
    .map((file) => `${file} is missing\n`)
    .join('')
}

const steps: readonly (readonly [string, () => string])[] = [
  ['types', () => command('tsc', ['-p', '.'])],
  ['format and lint', () => command('biome', ['check', '--error-on-warnings', '.'])],
  ['dead and undeclared code', () => command('knip', [])],
  [
    'imports, cores, file length',
    () =>
      tidy(root)
        .map((f) => `${f.file}:${f.line} ${f.rule}\n`)
        .join(''),
  ],
  ['host names', hostNames],
  ['package READMEs', packageReadmes],
]

let failed = 0
for (const [name, step] of steps) {
  const started = performance.now()
  const output = step()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${output === '' ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  if (output !== '') {
    failed++
    console.log(output.trimEnd())
  }
}
process.exit(failed === 0 ? 0 : 1)
