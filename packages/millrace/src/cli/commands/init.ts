import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { outboxMigration } from '@millrace/outbox'
import { millraceError } from '../../errors.ts'
import { pc } from '../colours.ts'

/** What the files of `init` import besides millrace itself; the drivers are never forced on anyone who does not run init. */
const needed = ['pg', 'pg-logical-replication', 'zod']

/** What the compiler needs to check them; they run without it. */
const neededToCheck = ['typescript', '@types/node', '@types/pg']

/** The name under which a project imports all of it; these files are the project's, not ours. */
const umbrella = 'millrace'

interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** Checks and emits nothing: Node runs the files as they are, which is why their imports end in .ts. */
const tsconfig = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "skipLibCheck": true
  }
}
`

/** The files that `millrace init` offers; `extension` is `ts`, or `mts` in a project whose package.json says commonjs. */
export function projectFiles(extension: 'ts' | 'mts'): ProjectFile[] {
  return [
    {
      path: `contracts.${extension}`,
      text: `import { topic } from '${umbrella}'
import { z } from 'zod'

// Declared once, imported by every service: the compiler then knows keys and values everywhere.
export const order = topic('order', {
  key: z.string(),
  value: z.object({ customerId: z.string(), amount: z.number() }),
})
`,
    },
    {
      path: `totals.${extension}`,
      text: `import { topology } from '${umbrella}'
import { order } from './contracts.${extension}'

// Asked over HTTP: GET /stores/totals/<customerId>
export default () => {
  const app = topology('totals')
  app
    .stream(order)
    .groupBy((o) => o.customerId, { name: 'by-customer' })
    .reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
  return app
}
`,
    },
    {
      path: `millrace.config.${extension}`,
      text: `import { app, defineConfig, postgresOutbox } from '${umbrella}'
import { order } from './contracts.${extension}'

const url = process.env.DATABASE_URL
if (!url) throw new Error('set DATABASE_URL in the environment; millrace dev, migrate, doctor and config also read .env')

export default defineConfig({
  sources: [postgresOutbox({ url, topics: [order] })],
  apps: [app('./totals.${extension}')],
})
`,
    },
    { path: 'migrations/0001-millrace-outbox.sql', text: outboxMigration() },
    { path: 'tsconfig.json', text: tsconfig },
    { path: '.env.example', text: 'DATABASE_URL=postgres://user:password@127.0.0.1:5432/database\n' },
  ]
}

/** `millrace init`: writes what is missing, keeps what is there. */
export async function initCommand(flags: { readonly install: boolean }): Promise<void> {
  const manifestPath = join(process.cwd(), 'package.json')
  if (!existsSync(manifestPath)) throw millraceError('PROJECT_NOT_FOUND', `no package.json in ${process.cwd()}`)
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as {
    type?: string
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  for (const { path, text } of projectFiles(manifest.type === 'module' ? 'ts' : 'mts')) writeIfMissing(path, text)
  const isMissing = (name: string): boolean => !manifest.dependencies?.[name] && !manifest.devDependencies?.[name]
  install([], needed.filter(isMissing), flags.install)
  install(['-D'], neededToCheck.filter(isMissing), flags.install)
  console.log(`
Next:
  1. put DATABASE_URL=postgres://… into .env   a PostgreSQL with wal_level=logical
  2. npx millrace migrate                      creates the outbox and inbox tables there
  3. npx millrace dev                          broker, capture, totals and their HTTP API
  4. npx tsc                                   checks the types; it writes nothing`)
}

function writeIfMissing(path: string, text: string): void {
  if (existsSync(path)) {
    console.log(`${pc.yellow('kept   ')} ${path}`)
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { flag: 'wx' })
  console.log(`${pc.green('created')} ${path}`)
}

function install(flags: readonly string[], names: readonly string[], allowed: boolean): void {
  if (names.length === 0) return
  const manager = packageManager()
  const command = [manager, manager === 'npm' ? 'install' : 'add', ...flags, ...names]
  if (!allowed) {
    console.log(`${pc.yellow('to do  ')} ${command.join(' ')}`)
    return
  }
  console.log(`${pc.green('running')} ${command.join(' ')}`)
  const run = spawnSync(command[0] as string, command.slice(1), {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (run.status !== 0) console.log(`${pc.yellow('to do  ')} ${command.join(' ')}   (it failed just now)`)
}

function packageManager(): string {
  if (existsSync('pnpm-lock.yaml')) return 'pnpm'
  if (existsSync('yarn.lock')) return 'yarn'
  if (existsSync('bun.lock')) return 'bun'
  return 'npm'
}
