// Prisma's schema engine as WebAssembly, the form in which npm carries it; `prisma migrate` loads the same code as a program
// from a server of its own. It knows PostgreSQL and SQLite.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { moduleOf } from './prisma-project.ts'

interface Engine {
  diff(parameters: object): Promise<{ readonly exitCode: number; readonly stdout: string | null }>
}

/** What `prisma migrate dev` would do next: the difference between the migrations, run in a database of their own, and the schema. */
export async function proposedChanges(folder: string, url: string): Promise<string> {
  const schemaPath = join(folder, 'prisma/schema.prisma')
  const schema = readFileSync(schemaPath, 'utf8')
  const engine = await startEngine(folder, url, [schemaPath, schema])
  const baseDir = join(folder, 'prisma/migrations')
  const names = readdirSync(baseDir).filter((name) => !name.endsWith('.toml'))
  const migrations = {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(baseDir, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: names.sort().map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(baseDir, name, 'migration.sql'), 'utf8') },
      },
    })),
  }
  const { stdout } = await engine.diff({
    from: { tag: 'migrations', ...migrations },
    to: { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: schema }] },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  })
  return stdout ?? ''
}

async function startEngine(folder: string, url: string, datamodel: [path: string, content: string]): Promise<Engine> {
  const load = async (path: string) => (await import(path)) as never
  const package_ = join(folder, 'node_modules/@prisma/schema-engine-wasm')
  // Node has it; the compiler knows it only from browsers.
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: object } }> }
  }
  const glue: {
    __wbg_set_wasm(exports: unknown): void
    SchemaEngine: { new (): Engine; new (options: object, debug: () => void, adapter: object): Promise<Engine> }
  } = await load(join(package_, 'schema_engine_bg.js'))
  const { instance } = await WebAssembly.instantiate(readFileSync(join(package_, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': glue,
  })
  glue.__wbg_set_wasm(instance.exports)
  ;(instance.exports as { __wbindgen_start(): void }).__wbindgen_start()
  const { PrismaPg } = (await load(moduleOf(folder, '@prisma/adapter-pg'))) as {
    PrismaPg: new (options: object) => object
  }
  const { bindMigrationAwareSqlAdapterFactory } = (await load(moduleOf(folder, '@prisma/driver-adapter-utils'))) as {
    bindMigrationAwareSqlAdapterFactory(factory: object): object
  }
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url }))
  return glue.SchemaEngine.new({ datamodels: [datamodel] }, () => {}, adapter)
}
