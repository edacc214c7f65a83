// `npm run build`: the `dist` folders that are published, and the licence beside each.
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const manifests = globSync('packages/*/package.json', { cwd: root })
const tsc = spawnSync(
  join(root, 'node_modules/.bin/tsc'),
  ['-b', '--force', ...manifests.map((file) => dirname(file))],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
for (const manifest of manifests) copyFileSync(join(root, 'LICENSE'), join(root, dirname(manifest), 'LICENSE'))
