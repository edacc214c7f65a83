import { existsSync, globSync, statSync } from 'node:fs'
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './folders.ts'

export const millraceBin = join(root, 'packages/millrace/bin/millrace.js')
const dist = join(root, 'packages/millrace/dist')
const main = join(dist, 'cli/main.js')

/** Why the published form cannot be measured, or undefined. */
export function unbuilt(): string | undefined {
  if (!existsSync(main)) return 'the published form is not there; run npm run build first'
  const builtMs = statSync(main).mtimeMs
  const newer = globSync('packages/*/src/**/*.ts', { cwd: root }).find((file) => {
    return !/\.test(-d)?\.ts$/.test(file) && statSync(join(root, file)).mtimeMs > builtMs
  })
  return newer && `the published form is older than ${newer}; run npm run build first`
}

/** The program beside `dist` and without `src`, as npm installs it. */
export async function asPublished(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await copyFile(millraceBin, join(bin, 'millrace.mjs'))
  await symlink(dist, join(folder, 'dist'))
  return join(bin, 'millrace.mjs')
}

/** Arguments of Node that run the program: as published where that is built, else from source, which takes more memory. */
export async function millraceProgram(folder: string): Promise<readonly string[]> {
  const reason = unbuilt()
  if (reason === undefined) return [await asPublished(folder)]
  console.error(`measured from source: ${reason}`)
  return ['--conditions=source', millraceBin]
}
