import { existsSync, readFileSync } from 'node:fs'
import type { Dialect } from '@millrace/outbox'
import { type DatabaseTool, existing, has, type Manifest } from './project.ts'

/** The tool that owns the project's migrations, by what it has installed. */
export function detectTool(manifest: Manifest): DatabaseTool {
  if (has(manifest, 'prisma') || has(manifest, '@prisma/client')) return 'prisma'
  if (has(manifest, 'drizzle-orm')) return 'drizzle'
  for (const tool of ['typeorm', 'knex', 'kysely'] as const) if (has(manifest, tool)) return tool
  return 'sql'
}

const drivers: Readonly<Record<Dialect, readonly string[]>> = {
  postgres: ['pg', 'postgres', '@prisma/adapter-pg', '@neondatabase/serverless', '@electric-sql/pglite'],
  mysql: ['mysql2', 'mysql', 'mariadb', '@prisma/adapter-mariadb', '@planetscale/database'],
  sqlite: ['better-sqlite3', 'sqlite3', 'sql.js', '@libsql/client', '@prisma/adapter-better-sqlite3'],
}

const spellings: Readonly<Record<string, Dialect>> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlite: 'sqlite',
  turso: 'sqlite',
}

/** The database of the project: what its tool's files say, else the driver it has installed, else PostgreSQL. */
export function detectDialect(manifest: Manifest, tool: DatabaseTool): Dialect {
  const told = tool === 'prisma' ? prismaProvider() : tool === 'drizzle' ? drizzleDialect() : undefined
  const dialect = told === undefined ? undefined : spellings[told]
  if (dialect) return dialect
  const found = Object.entries(drivers).find(([, names]) => names.some((name) => has(manifest, name)))
  return (found?.[0] as Dialect | undefined) ?? 'postgres'
}

export const prismaSchemaPaths = ['prisma/schema.prisma', 'schema.prisma', 'prisma/schema'] as const

function prismaProvider(): string | undefined {
  const text = textOf(existing(...prismaSchemaPaths, 'prisma/schema/schema.prisma'))
  return /datasource\s+\w+\s*\{[^}]*provider\s*=\s*"(\w+)"/.exec(text)?.[1]
}

export function drizzleConfig(): string {
  return textOf(existing('drizzle.config.ts', 'drizzle.config.mts', 'drizzle.config.js', 'drizzle.config.mjs'))
}

/** The folder of its migrations. */
export function drizzleOut(): string {
  return /\bout['"]?\s*:\s*['"]([^'"]+)['"]/.exec(drizzleConfig())?.[1] ?? './drizzle'
}

function drizzleDialect(): string | undefined {
  return /\bdialect['"]?\s*:\s*['"](\w+)['"]/.exec(drizzleConfig())?.[1]
}

function textOf(path: string | undefined): string {
  if (path === undefined || !existsSync(path) || !path.includes('.')) return ''
  return readFileSync(path, 'utf8')
}
