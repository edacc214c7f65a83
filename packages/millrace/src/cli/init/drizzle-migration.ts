import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { drizzleOut } from './detect.ts'
import { existing, type Migration } from './project.ts'

/**
 * Where the project keeps migrations of Drizzle, has `drizzle-kit` make one for the new tables, and adds to it what a schema
 * cannot say: the trigger that keeps the outbox on PostgreSQL empty.
 *
 * @returns the migration; undefined where the project has no migrations, or the tool made none
 */
export function generateDrizzleMigration({ up }: Migration): string | undefined {
  const out = drizzleOut()
  const tool = existing('node_modules/.bin/drizzle-kit')
  if (tool === undefined || existing(join(out, 'meta/_journal.json')) === undefined) return undefined
  const before = new Set(readdirSync(out))
  const run = spawnSync(tool, ['generate', '--name', 'millrace_outbox'], { stdio: 'ignore' })
  const made = readdirSync(out).find((name) => name.endsWith('_millrace_outbox.sql') && !before.has(name))
  if (run.status !== 0 || made === undefined) return undefined
  const rest = up.filter((sql) => !/^create (unique )?(table|index)/.test(sql))
  appendFileSync(join(out, made), rest.map((sql) => `--> statement-breakpoint\n${sql}\n`).join(''))
  return join(out, made)
}
