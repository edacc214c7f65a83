// `npm run build`: the `dist` folders that are published, and the licence beside each. Declarations are the compiler's, a file for
// each source; code is bundled into a file for each entry and what entries share, since a program starts sooner with few.
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly source: string }>>
  readonly imports?: Readonly<Record<string, { readonly source: string }>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const folders = globSync('packages/*/package.json', { cwd: root }).map((file) => join(root, dirname(file)))

/** The sources that something outside of the bundle names, by their path in `dist` without extension. */
function entriesOf(folder: string, { exports, imports = {}, bin }: Manifest): Record<string, string> {
  const named = [...Object.values(exports), ...Object.values(imports)]
  const sources = named.flatMap((target) => (typeof target === 'string' ? [] : [target.source]))
  if (bin) sources.push('./src/cli/main.ts')
  return Object.fromEntries(
    sources.map((source) => [source.replace(/^\.\/src\/(.*)\.ts$/, '$1'), join(folder, source)]),
  )
}

async function bundle(folder: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const others = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const build = await rolldown({
    input: entriesOf(folder, manifest),
    external: (id) => others.some((name) => id === name || id.startsWith(`${name}/`)),
    platform: 'node',
    tsconfig: false,
    transform: { target: 'es2024' },
    onLog: (_level, { message }) => {
      throw new Error(`${basename(folder)}: ${message}`)
    },
  })
  const dir = join(folder, 'dist')
  await build.write({ dir, format: 'esm', comments: false, sourcemap: true, sourcemapExcludeSources: true })
  await build.close()
}

for (const folder of folders) rmSync(join(folder, 'dist'), { recursive: true, force: true })
const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', '--force', '--emitDeclarationOnly', ...folders], {
  cwd: root,
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
for (const folder of folders) {
  await bundle(folder)
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
}
