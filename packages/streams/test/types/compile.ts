import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

export interface Compilation {
  /** By line of the program, from 1. */
  readonly errors: ReadonlyMap<number, string>
  /** How many types the compiler made of generic ones: what checking costs, and the same on every machine. */
  readonly instantiations: number
  readonly checkSeconds: number
}

/** Compiles a program that stands on its own, as an application of this workspace would be. */
export function compile(program: string): Compilation {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'program.ts'), program)
    const typeRoots = [join(root, 'node_modules', '@types')]
    const compilerOptions = { noEmit: true, declaration: false, typeRoots }
    const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, files: ['program.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    // In one thread: several would share the work, and count what they both do twice.
    const options = ['-p', folder, '--pretty', 'false', '--singleThreaded', '--extendedDiagnostics']
    const { stdout } = spawnSync(process.execPath, [compiler, ...options], { encoding: 'utf8', cwd: folder })
    return {
      errors: errorsIn(stdout),
      instantiations: Number(/^Instantiations: +(\d+)$/m.exec(stdout)?.[1]),
      checkSeconds: Number(/^Check time: +([\d.]+)s$/m.exec(stdout)?.[1]),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function errorsIn(output: string): ReadonlyMap<number, string> {
  const errors = new Map<number, string>()
  let line: number | undefined
  for (const text of output.split('\n')) {
    const begun = /^program\.ts\((\d+),\d+\): error (.*)$/.exec(text)
    if (begun !== null) line = Number(begun[1])
    else if (!text.startsWith(' ')) line = undefined
    if (line !== undefined) errors.set(line, `${errors.get(line) ?? ''}${begun?.[2] ?? text}\n`)
  }
  return errors
}
