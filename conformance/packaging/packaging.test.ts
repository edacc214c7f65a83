import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { manifestOf, Project, packAll, packagingUnavailable, type Tarball } from './packed.ts'

const contract = `import { topic } from '@millrace/contracts'
import { z } from 'zod'
export const order = topic('order', { key: z.string(), value: z.object({ customerId: z.string(), amount: z.number() }) })
`
const application = `import { topology } from '@millrace/streams'
import { order } from './contracts.js'
export const totals = () => {
  const app = topology('totals')
  app.stream(order).groupBy((o) => o.customerId, { name: 'by-customer' }).reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
  return app
}
`
const usage = `
  const driver = testDriver(totals())
  driver.input(order).pipe('o-1', { customerId: 'alice', amount: 2 })
  driver.input(order).pipe('o-2', { customerId: 'alice', amount: 3 })
  const total = driver.store('totals').get('alice')
`
/** Entries that are built on a library, which their users have: it is no dependency of ours. */
const builtOn: Readonly<Record<string, string>> = {
  '@millrace/outbox/drizzle': 'drizzle-orm',
  '@millrace/outbox/kysely': 'kysely',
  '@millrace/registry/avro': 'avsc@5',
  '@millrace/registry/json-schema': 'ajv@8',
  '@millrace/registry/protobuf': '@bufbuild/protobuf@2',
}

const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  strict: true,
  skipLibCheck: false,
  types: ['node'],
  outDir: 'out',
}

const service = `import { DatabaseSync } from 'node:sqlite'
import { serdes, topic } from '@millrace/contracts'
import { inboxMigration, outboxMigration } from '@millrace/outbox'
import { inbox, outbox } from '@millrace/outbox/sqlite'

const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
const db = new DatabaseSync(':memory:')
db.exec(outboxMigration({ dialect: 'sqlite' }))
db.exec(inboxMigration({ dialect: 'sqlite' }))
db.exec('begin immediate')
const { id }: { readonly id: string } = outbox(db).append(order, 'o1', { amount: 2 })
const isNew: boolean = inbox(db).claim('billing', id)
db.exec('commit')
// @ts-expect-error an amount is a number
const wrong = () => outbox(db).append(order, 'o1', { amount: '2' })
console.log(isNew, typeof wrong, db.prepare('select aggregateid from outbox').get())
`

const imports = (entries: readonly string[]): string => {
  const lines = entries.map((entry, i) => `import * as e${i} from '${entry}'`)
  const names = entries.map((_, i) => `e${i}`)
  return `${lines.join('\n')}\nconsole.log([${names.join(', ')}].length, 'entries')\n`
}

/** What packages export, but for their manifests. */
async function entriesOf(tarballs: readonly Tarball[]): Promise<string[]> {
  const lists = tarballs.map(async ({ name }) => {
    const { exports = {} } = await manifestOf(name)
    return Object.keys(exports).flatMap((path) => (path === './package.json' ? [] : [join(name, path)]))
  })
  return (await Promise.all(lists)).flat()
}

/** Imports what a compiled file names. */
async function checkLoaded(project: Project, file: string): Promise<void> {
  assert.match(await project.run('node', `out/${file}.js`), /^[1-9]\d* entries$/m)
}

/** What is built on a library, with that library and still without a driver. */
async function checkBuilt(project: Project, entries: readonly string[]): Promise<void> {
  const built = Object.keys(builtOn)
  for (const entry of built) assert.ok(entries.includes(entry), entry)
  // What they are built on names types of drivers that nobody has all of.
  const options = { ...compilerOptions, skipLibCheck: true }
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['src/built.ts'] }))
  await project.write('src/built.ts', imports(built))
  await project.install(...Object.values(builtOn))
  await project.run('npx', 'tsc', '-p', '.')
  await checkLoaded(project, 'built')
}

describe('packed packages in projects of their own', { skip: packagingUnavailable(), timeout: 900_000 }, () => {
  let folder: string
  let tarballs: Tarball[]
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-packed-'))
    tarballs = await packAll(folder)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const paths = (): string[] => tarballs.map((tarball) => tarball.path)

  test('what services import is small and runs no install scripts', async () => {
    for (const name of ['@millrace/contracts', '@millrace/outbox', '@millrace/query']) {
      const tarball = tarballs.find((candidate) => candidate.name === name)
      assert.ok(tarball && tarball.packedBytes < 100_000, `${name} has ${tarball?.packedBytes} bytes`)
    }
    for (const { name } of tarballs) {
      const { scripts = {} } = await manifestOf(name)
      assert.deepEqual(
        Object.keys(scripts).filter((script) => /install|prepare/.test(script)),
        [],
        name,
      )
    }
  })

  test('packages hold built code, no sources and no tests', () => {
    for (const { name, files } of tarballs) {
      const strangers = files.filter(
        (file) => !/^(dist\/.*\.(js|d\.ts|map)|bin\/.*\.js|package\.json|README\.md|LICENSE)$/.test(file),
      )
      assert.deepEqual(strangers, [], name)
      assert.deepEqual(
        files.filter((file) => /\.test\./.test(file)),
        [],
        name,
      )
      assert.ok(files.includes('LICENSE'), `${name} has no LICENSE`)
    }
  })

  for (const nodeVersion of ['22', '24']) {
    test(`an ES module service compiles and runs under node:test on Node ${nodeVersion}, and under Vitest`, async () => {
      await using project = await Project.create({ type: 'module' })
      await project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }))
      await project.write('src/contracts.ts', contract)
      await project.write('src/totals.ts', application)
      const body = (runner: string): string => `import { order } from './contracts.js'
import { totals } from './totals.js'
import { testDriver } from '@millrace/streams/testing'
import assert from 'node:assert/strict'
import { test } from '${runner}'
test('totals add up', () => {${usage}
  assert.equal((total as { value: number } | undefined)?.value ?? total, 5)
})
`
      await project.write('src/totals.spec.ts', body('node:test'))
      await project.write('src/vitest.spec.ts', body('vitest'))
      const bare = (await entriesOf(tarballs)).filter((entry) => builtOn[entry] === undefined)
      await project.write('src/bare.ts', imports(bare))
      await project.write('src/service.ts', service)
      await project.install(...paths(), 'zod@4', 'typescript@5', '@types/node@24', 'vitest@4', `node@${nodeVersion}`)
      assert.match(await project.run('node', '--version'), new RegExp(`^v${nodeVersion}\\.`))
      await project.run('npx', 'tsc', '-p', '.')
      assert.match(await project.run('node', '--test', 'out/totals.spec.js'), /pass 1/)
      assert.match(await project.run('npx', 'vitest', 'run', 'out/vitest.spec.js'), /1 passed/)
      // No driver of any database is there.
      await checkLoaded(project, 'bare')
      assert.match(await project.run('node', 'out/service.js'), /true function .*o1/)
      if (nodeVersion === '24') await checkBuilt(project, await entriesOf(tarballs))
    })
  }

  test('a CommonJS service runs under Jest', async () => {
    await using project = await Project.create({ jest: { testEnvironment: 'node' } })
    await project.write(
      'totals.test.js',
      `const { topic } = require('@millrace/contracts')
const { topology } = require('@millrace/streams')
const { testDriver } = require('@millrace/streams/testing')
const { z } = require('zod')
const order = topic('order', { key: z.string(), value: z.object({ customerId: z.string(), amount: z.number() }) })
const totals = () => {
  const app = topology('totals')
  app.stream(order).groupBy((o) => o.customerId, { name: 'by-customer' }).reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
  return app
}
test('totals add up', () => {${usage}
  expect(total.value ?? total).toBe(5)
})
`,
    )
    await project.install(...paths(), 'zod@4', 'jest@30', 'node@24')
    // Jest loads modules itself and takes `require` of ES modules only with Node's flag for that.
    const jest = 'node_modules/jest/bin/jest.js'
    assert.match(await project.run('node', '--experimental-vm-modules', jest), /1 passed/)
  })
})
