import { existing, extensionOf, type Project, type ProjectFile } from './project.ts'
import { stamp, templateText } from './statements.ts'

/** Plain SQL, for `psql`, `millrace migrate` or whatever runs it. */
export function sqlFiles({ migration: { from, up } }: Project): ProjectFile[] {
  const number = String((from ?? 0) + 1).padStart(4, '0')
  return [{ path: `migrations/${number}-millrace-outbox.sql`, text: `${up.join('\n\n')}\n` }]
}

/** A class that TypeORM finds among the migrations. Tables without an entity are none of its business, so there is none. */
export function typeormFiles({ migration, now }: Project): ProjectFile[] {
  const folder = existing('src/migrations', 'src/migration', 'migrations', 'migration') ?? 'src/migrations'
  const name = `MillraceOutbox${now.getTime()}`
  const body = (statements: readonly string[]): string =>
    statements.map((sql) => `    await queryRunner.query(\`${templateText(sql)}\`)`).join('\n')
  const text = `import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ${name} implements MigrationInterface {
  name = '${name}'

  async up(queryRunner: QueryRunner): Promise<void> {
${body(migration.up)}
  }

  async down(queryRunner: QueryRunner): Promise<void> {
${body(migration.down)}
  }
}
`
  return [{ path: `${folder}/${now.getTime()}-MillraceOutbox.ts`, text }]
}

export function knexFiles(project: Project): ProjectFile[] {
  const { manifest, now } = project
  const isTypeScript = existing('knexfile.ts', 'knexfile.mts') !== undefined
  const extension = isTypeScript ? extensionOf(manifest) : manifest.type === 'module' ? 'js' : 'mjs'
  const types = isTypeScript ? ["import type { Knex } from 'knex'\n"] : ['']
  const text = functions(project, {
    head: types[0]!,
    up: isTypeScript ? 'up(knex: Knex): Promise<void>' : 'up(knex)',
    down: isTypeScript ? 'down(knex: Knex): Promise<void>' : 'down(knex)',
    run: (sql) => `await knex.raw(\`${sql}\`)`,
  })
  return [{ path: `migrations/${stamp(now)}_millrace_outbox.${extension}`, text }]
}

export function kyselyFiles(project: Project): ProjectFile[] {
  const folder = existing('src/migrations', 'migrations', 'src/db/migrations') ?? 'migrations'
  const text = functions(project, {
    head: "import { type Kysely, sql } from 'kysely'\n",
    up: 'up(db: Kysely<unknown>): Promise<void>',
    down: 'down(db: Kysely<unknown>): Promise<void>',
    run: (statement) => `await sql.raw(\`${statement}\`).execute(db)`,
  })
  return [{ path: `${folder}/${stamp(project.now)}_millrace_outbox.${extensionOf(project.manifest)}`, text }]
}

interface Form {
  readonly head: string
  readonly up: string
  readonly down: string
  readonly run: (sql: string) => string
}

function functions({ migration }: Project, { head, up, down, run }: Form): string {
  const body = (statements: readonly string[]): string =>
    statements.map((sql) => `  ${run(templateText(sql))}`).join('\n')
  return `${head}${head && '\n'}export async function ${up} {
${body(migration.up)}
}

export async function ${down} {
${body(migration.down)}
}
`
}
