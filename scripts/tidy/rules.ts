import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Packages from the bottom up: each may import only from those that its row names. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  base: [],
  contracts: ['base'],
  protocol: ['base'],
  broker: ['base', 'protocol'],
  kafka: ['base', 'protocol'],
  outbox: ['base', 'contracts'],
  registry: ['base', 'contracts'],
  query: ['base', 'contracts'],
  handlers: ['base', 'contracts', 'protocol', 'kafka', 'outbox'],
  streams: ['base', 'contracts', 'protocol', 'kafka'],
  integrity: ['base', 'contracts', 'streams'],
  connect: ['base', 'contracts', 'protocol', 'kafka'],
  gateway: ['base', 'contracts', 'protocol', 'kafka', 'streams', 'connect', 'query', 'handlers'],
  millrace: [
    'base',
    'contracts',
    'protocol',
    'broker',
    'kafka',
    'outbox',
    'query',
    'handlers',
    'streams',
    'integrity',
    'connect',
    'gateway',
  ],
}

/** Folders whose code is synchronous and has no I/O: what it needs of the world is injected. */
export const cores = [
  'packages/protocol/src',
  'packages/contracts/src',
  'packages/broker/src/core',
  'packages/streams/src/core',
]

/** Folders that run on an injected clock, so that a seed replays them. */
export const deterministic = [...cores, 'packages/kafka/src', 'packages/streams/src/runtime']

/** Edges inside the folders above, where the real world is let in. */
export const edges = ['packages/kafka/src/network/', 'packages/streams/src/runtime/edge/']

const bannedInDeterministic: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(/, 'take a Clock'],
  [/\bnew Date\(\)/, 'take a Clock'],
  [/\bperformance\.now\(/, 'take a Clock'],
  [/\bprocess\.hrtime/, 'take a Clock'],
  [/\bset(Timeout|Interval|Immediate)\(/, 'use Clock.after'],
  [/\bMath\.random\(/, 'take a Random'],
  [/\brandom(UUID|Bytes)\(/, 'take a Random or receive the id'],
  [
    /from 'node:(fs|net|tls|http|https|dgram|dns|worker_threads|child_process)/,
    'move the I/O to the edge and inject it',
  ],
]
const bannedInCores: readonly (readonly [RegExp, string])[] = [
  [/\bawait\s/, 'cores are synchronous'],
  [/\basync\s+(function|\()/, 'cores are synchronous'],
  [/zlib'\)?\.(?!.*Sync)(gzip|gunzip|deflate|inflate)\(/, 'use the synchronous form'],
]

const maxLines = 800

export interface Finding {
  readonly file: string
  readonly line: number
  readonly rule: string
}

export function sourceFiles(root: string): string[] {
  return globSync(
    [
      'packages/*/src/**/*.ts',
      'packages/*/test/**/*.ts',
      'conformance/**/*.ts',
      'examples/**/*.ts',
      'benchmarks/**/*.ts',
      'scripts/**/*.ts',
    ],
    {
      cwd: root,
      exclude: (name) => name === 'node_modules' || name === 'dist',
    },
  ).sort()
}

/** All findings of the house rules that no off-the-shelf linter states. */
export function tidy(root: string): Finding[] {
  const findings: Finding[] = []
  for (const file of sourceFiles(root)) {
    const text = readFileSync(join(root, file), 'utf8')
    findings.push(...checkFile(file, text))
  }
  return findings
}

/** One file's findings; `file` is relative to the root with forward slashes. */
export function checkFile(file: string, text: string): Finding[] {
  const generated = file.includes('/generated/')
  const lines = text.split('\n')
  const findings: Finding[] = []
  if (!generated && lines.length > maxLines) findings.push({ file, line: lines.length, rule: `over ${maxLines} lines` })
  const test = /\.test(-d)?\.ts$/.test(file) || file.includes('/test/')
  const inside = (folders: readonly string[]): boolean => folders.some((folder) => file.startsWith(`${folder}/`))
  const isEdge = edges.some((edge) => file.startsWith(edge))
  const rules =
    test || generated || isEdge
      ? []
      : [...(inside(deterministic) ? bannedInDeterministic : []), ...(inside(cores) ? bannedInCores : [])]
  lines.forEach((line, index) => {
    const at = { file, line: index + 1 }
    for (const [pattern, remedy] of rules) {
      if (pattern.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
        findings.push({ ...at, rule: `${pattern.source}: ${remedy}` })
    }
    const imported = /(?:from|import\()\s*'([^']+)'/.exec(line)?.[1]
    if (imported !== undefined && !test) findings.push(...checkImport(file, imported).map((rule) => ({ ...at, rule })))
  })
  return findings
}

function checkImport(file: string, imported: string): string[] {
  const own = /^packages\/([^/]+)\//.exec(file)?.[1]
  if (own === undefined) return []
  const sibling = /^@millrace\/([^/]+)(?:\/(.+))?$/.exec(imported)
  if (imported === 'millrace' || imported.startsWith('millrace/')) return ['packages do not import the umbrella']
  if (sibling) {
    const name = sibling[1] as string
    if (!allowedImports[own]?.includes(name)) return [`${own} may not import ${name}`]
    return []
  }
  if (imported.startsWith('.')) {
    const target = join(dirname(file), imported).replaceAll('\\', '/')
    if (!target.startsWith(`packages/${own}/`)) return ['imports another package by path']
  }
  return []
}
