import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { baseError } from '@millrace/base/internal'
import type { Dialect } from '@millrace/outbox'
import { outboxVersions } from '@millrace/outbox/internal'
import { pc } from '../colours.ts'
import { detectDialect, detectTool } from '../init/detect.ts'
import { drizzleFiles } from '../init/drizzle-files.ts'
import { generateDrizzleMigration } from '../init/drizzle-migration.ts'
import { knexFiles, kyselyFiles, sqlFiles, typeormFiles } from '../init/migration-files.ts'
import { prismaFiles } from '../init/prisma-files.ts'
import {
  type DatabaseTool,
  databaseTools,
  extensionOf,
  has,
  type Manifest,
  type Project,
  type ProjectFile,
  readManifest,
  type Written,
  writeFile,
} from '../init/project.ts'
import { migrationFrom } from '../init/statements.ts'
import { writtenLayout } from '../init/written-layout.ts'

const dialects = ['postgres', 'mysql', 'sqlite'] as const

/** What the files of `init` import besides millrace itself; the drivers are never forced on anyone who does not run init. */
const needed: Readonly<Record<Dialect, readonly string[]>> = {
  postgres: ['pg', 'pg-logical-replication', 'zod'],
  mysql: ['mysql2', 'zod'],
  sqlite: ['zod'],
}

/** What the compiler needs to check them; they run without it. */
const neededToCheck = ['typescript', '@types/node']

/** The name under which a project imports all of it; these files are the project's, not ours. */
const umbrella = 'millrace'

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

const sources: Readonly<Record<Dialect, { readonly call: string; readonly url: string }>> = {
  postgres: { call: 'postgresOutbox', url: 'postgres://user:password@127.0.0.1:5432/database' },
  mysql: { call: 'pollingOutbox', url: 'mysql://user:password@127.0.0.1:3306/database' },
  sqlite: { call: 'pollingOutbox', url: 'sqlite:service.db' },
}

/** The files that have nothing to do with the project's database tool. */
function commonFiles({ manifest, dialect }: Project): ProjectFile[] {
  const extension = extensionOf(manifest)
  const { call, url } = sources[dialect]
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
      text: `import { app, defineConfig, ${call} } from '${umbrella}'
import { order } from './contracts.${extension}'

const url = process.env.DATABASE_URL
if (!url) throw new Error('set DATABASE_URL in the environment; millrace dev, migrate, doctor and config also read .env')

export default defineConfig({
  sources: [${call}({ url, topics: [order] })],
  apps: [app('./totals.${extension}')],
})
`,
    },
    { path: 'tsconfig.json', text: tsconfig },
    { path: '.env.example', text: `DATABASE_URL=${url}\n` },
  ]
}

const toolFiles: Readonly<Record<DatabaseTool, (project: Project) => ProjectFile[]>> = {
  sql: sqlFiles,
  prisma: prismaFiles,
  drizzle: drizzleFiles,
  typeorm: typeormFiles,
  knex: knexFiles,
  kysely: kyselyFiles,
}

const namedWithoutTime: ReadonlySet<DatabaseTool> = new Set(['sql', 'drizzle'])

/** How the tables come into the database. */
const applied: Readonly<Record<DatabaseTool, string>> = {
  sql: 'npx millrace migrate                      creates the outbox and inbox tables there',
  prisma: 'npx prisma migrate dev                    creates the outbox and inbox tables there',
  drizzle: 'npx millrace migrate                      creates the outbox and inbox tables there',
  typeorm: 'npx typeorm migration:run -d <source>     creates the outbox and inbox tables there',
  knex: 'npx knex migrate:latest                   creates the outbox and inbox tables there',
  kysely: 'your Migrator, or npx -p kysely-ctl kysely migrate latest: creates the outbox and inbox tables there',
}

/** Kysely has no command of its own: one comes with kysely-ctl, and a project may have a script that runs its Migrator. */
function stepOf(tool: DatabaseTool, manifest: Manifest): string {
  if (tool !== 'kysely') return applied[tool]
  const script = Object.keys(manifest.scripts ?? {}).find(
    (name) => /migrat/i.test(name) && !/down|rollback|make/i.test(name),
  )
  const own = script === undefined ? undefined : `${packageManager()} run ${script}`
  const command = own ?? (has(manifest, 'kysely-ctl') ? 'npx kysely migrate latest' : undefined)
  return command === undefined ? applied.kysely : `${command.padEnd(42)}creates the outbox and inbox tables there`
}

interface InitFlags {
  readonly install: boolean
  readonly tool?: string
  readonly dialect?: string
}

/** `millrace init`: writes what is missing, keeps what is there. */
export async function initCommand(flags: InitFlags): Promise<void> {
  const manifest = readManifest()
  const tool = choice('--tool', flags.tool, databaseTools) ?? detectTool(manifest)
  const dialect = choice('--dialect', flags.dialect, dialects) ?? detectDialect(manifest, tool)
  const from = writtenLayout()
  const isCurrent = from !== undefined && from >= outboxVersions[dialect]
  const migration = migrationFrom(isCurrent ? undefined : from, dialect)
  const project: Project = { manifest, tool, dialect, now: new Date(), migration }
  const all = toolFiles[tool](project)
  // A second run would otherwise add its migration again, under another time.
  const files = isCurrent ? all.filter(({ path }) => namedWithoutTime.has(tool) && existsSync(path)) : all
  for (const file of [...commonFiles(project), ...files]) {
    const what = writeFile(file)
    tell(what, what === 'to do' ? `${file.path}: ${file.byHand}` : file.path)
  }
  const generated = tool === 'drizzle' && files.length > 0 ? generateDrizzleMigration(migration) : undefined
  if (generated !== undefined) tell('created', generated)
  const isMissing = (name: string): boolean => !has(manifest, name)
  install([], needed[dialect].filter(isMissing), flags.install)
  const types = dialect === 'postgres' ? [...neededToCheck, '@types/pg'] : neededToCheck
  install(['-D'], types.filter(isMissing), flags.install)
  const step =
    generated === undefined
      ? stepOf(tool, manifest)
      : 'npx drizzle-kit migrate                   creates the outbox and inbox tables there'
  const wanted = dialect === 'postgres' ? '   a PostgreSQL with wal_level=logical' : ''
  console.log(`
Next:
  1. put DATABASE_URL=${sources[dialect].url.replace(/:(\/\/)?.*/, ':$1…')} into .env${wanted}
  2. ${step}
  3. npx millrace dev                          broker, capture, totals and their HTTP API
  4. npx tsc                                   checks the types; it writes nothing`)
}

function choice<T extends string>(flag: string, given: string | undefined, known: readonly T[]): T | undefined {
  if (given === undefined || known.includes(given as T)) return given as T | undefined
  const message = `${flag} must be one of ${known.join(', ')}, not ${given}`
  throw baseError('CONFIG_INVALID_OPTION', message, { option: flag })
}

function tell(what: Written, path: string): void {
  const colour = what === 'kept' || what === 'to do' ? pc.yellow : pc.green
  console.log(`${colour(what.padEnd(7))} ${path}`)
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
