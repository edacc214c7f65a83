// `npm run lock`: completes package-lock.json with the platform packages that npm left out because the registry in use
// does not carry them. Without their entries `npm ci` refuses the lock file; with them each machine takes its own.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Entry {
  readonly version?: string
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  packages: Record<string, Entry>
}

const systems: Readonly<Record<string, string>> = {
  windows: 'win32',
  win: 'win32',
  macos: 'darwin',
  linuxmusl: 'linux',
}
const knownSystems = new Set([
  'darwin',
  'linux',
  'win32',
  'android',
  'freebsd',
  'openbsd',
  'netbsd',
  'sunos',
  'aix',
  'openharmony',
  'wasm32',
])
const knownCpus = new Set(['x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'])

/** Platform of a package by its name, as every builder of native packages names them: `x-linux-arm64-musl`. */
export function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/)
  const os = words.map((word) => systems[word] ?? word).find((word) => knownSystems.has(word))
  const cpu = words
    .map((word) => (word === 'armv7' || word === 'eabi' ? 'arm' : word))
    .find((word) => knownCpus.has(word))
  const isMusl = words.includes('musl') || words.includes('linuxmusl') || words.includes('musleabihf')
  if (os === undefined || os === 'wasm32') return { cpu: ['wasm32'] }
  return { os: [os], ...(cpu && { cpu: [cpu] }), ...(isMusl && { libc: ['musl'] }) }
}

/** Adds what is missing; returns the names. */
export function completeLock(lock: Lock): string[] {
  const added: string[] = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`
      const hoisted = `node_modules/${name}`
      if (lock.packages[nested] ?? lock.packages[hoisted]) continue
      lock.packages[hoisted] = { version: version.replace(/^[\^~]/, ''), optional: true, ...platformOf(name) }
      added.push(name)
    }
  }
  const { '': rootEntry, ...rest } = lock.packages
  const sorted = Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = { '': rootEntry ?? {}, ...Object.fromEntries(sorted) }
  return added
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../package-lock.json')
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
  const added = completeLock(lock)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(added.length === 0 ? 'complete' : `added ${added.length} platform packages`)
}
