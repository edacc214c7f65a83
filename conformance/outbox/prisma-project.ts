// Prisma in a project of its own: the workspace would become half as large again with it.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { PrismaRoot, PrismaTransaction } from '@millrace/outbox/prisma'
import { testProject } from './project.ts'

const source = join(import.meta.dirname, 'prisma')

export type Provider = 'postgresql' | 'mysql' | 'sqlite'

/** What a generated client has, as far as the tests use it. */
export interface Client extends PrismaRoot<ClientTransaction> {
  $transaction<T>(work: (tx: ClientTransaction) => Promise<T>, options?: object): Promise<T>
  $disconnect(): Promise<void>
}

export interface ClientTransaction extends PrismaTransaction {
  readonly effect: { create(args: { data: { name: string } }): Promise<unknown> }
}

/** Why Prisma cannot be tested here; npm has to reach its registry. */
export function prismaUnavailable(): string | undefined {
  if (process.env.MILLRACE_REQUIRE_PRISMA === '1' || existsSync(modulesPath())) return undefined
  return 'Prisma is installed into a project of its own (MILLRACE_REQUIRE_PRISMA=1 does it)'
}

function modulesPath(): string {
  const digest = createHash('sha256')
    .update(readFileSync(join(source, 'package-lock.json')))
    .digest('hex')
    .slice(0, 12)
  return join(import.meta.dirname, 'target', `prisma-${digest}`)
}

/** Installs it the first time. Install scripts would load programs from elsewhere, and nothing here needs them. */
function modules(): string {
  const target = modulesPath()
  if (existsSync(target)) return join(target, 'node_modules')
  const unfinished = `${target}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(source, file), join(unfinished, file))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: unfinished, stdio: 'pipe' })
  renameSync(unfinished, target)
  return join(target, 'node_modules')
}

/** A project with a schema that has one table, after `millrace init`. */
export function prismaProject(provider: Provider, onEnd?: (remove: () => void) => void) {
  const project = testProject(['prisma', '@prisma/client'], onEnd)
  symlinkSync(modules(), join(project.folder, 'node_modules'))
  project.write(
    'prisma/schema.prisma',
    `generator client {
  provider = "prisma-client"
  output   = "../generated"
  runtime  = "nodejs"
  importFileExtension = "ts"
}

datasource db {
  provider = "${provider}"
}

model Effect {
  id   Int    @id @default(autoincrement())
  name String ${provider === 'sqlite' ? '' : '@db.VarChar(100)'}

  @@map("effect")
}
`,
  )
  project.write(
    'prisma.config.ts',
    `import { defineConfig } from 'prisma/config'\nexport default defineConfig({ schema: 'prisma/schema.prisma' })\n`,
  )
  project.millrace(['init', '--no-install'])
  return project
}

/** Generates the project's client. The schema engine, which the tool would load from elsewhere, has no part in that. */
export function generateClient(folder: string): void {
  const engine = join(folder, 'no-schema-engine')
  writeFileSync(engine, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  execFileSync(join(folder, 'node_modules/.bin/prisma'), ['generate'], {
    cwd: folder,
    stdio: 'pipe',
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: engine,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  })
}

/** The generated client on a database. */
export async function generatedClient(folder: string, url: string, provider: Provider): Promise<Client> {
  const { PrismaClient } = await load<{ PrismaClient: new (options: object) => Client }>(
    join(folder, 'generated/client.ts'),
  )
  const adapter = await adapterOf(folder, provider)
  return new PrismaClient({ adapter: adapter(url) })
}

/** Makes driver adapters for databases of a kind. */
export async function adapterOf<T extends object>(folder: string, provider: Provider): Promise<(url: string) => T> {
  if (provider === 'postgresql') {
    const { PrismaPg } = await load<{ PrismaPg: new (options: object) => T }>(moduleOf(folder, '@prisma/adapter-pg'))
    return (url) => new PrismaPg({ connectionString: url })
  }
  if (provider === 'sqlite') {
    const { PrismaLibSql } = await load<{ PrismaLibSql: new (options: object) => T }>(
      moduleOf(folder, '@prisma/adapter-libsql', 'index-node.mjs'),
    )
    return (url) => new PrismaLibSql({ url: `file:${url}` })
  }
  const { PrismaMariaDb } = await load<{ PrismaMariaDb: new (url: string) => T }>(
    moduleOf(folder, '@prisma/adapter-mariadb'),
  )
  return (url) => new PrismaMariaDb(url.replace(/^mysql:/, 'mariadb:'))
}

async function load<T>(path: string): Promise<T> {
  return (await import(path)) as T
}

function moduleOf(folder: string, name: string, file = 'index.mjs'): string {
  return join(folder, 'node_modules', name, 'dist', file)
}
