import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as contracts from '@millrace/contracts'
import * as streams from '@millrace/streams'
import * as millrace from 'millrace'

test('every name that a page imports from millrace is there', () => {
  const folder = join(import.meta.dirname, '../../..')
  const pages = globSync(['README.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md'], { cwd: folder })
  const missing = pages.flatMap((page) => {
    const text = readFileSync(join(folder, page), 'utf8')
    const names = [...text.matchAll(/import (type )?\{([^}]*)\} from 'millrace'/g)].flatMap(([, type, list]) =>
      type ? [] : list!.split(',').map((name) => name.trim()),
    )
    return names.filter((name) => name && !name.startsWith('type ') && !(name in millrace)).map((name) => [page, name])
  })
  assert.deepEqual(missing, [])
  for (const name of ['sqliteSink', 'mysqlSink', 'clickHouseSink', 'httpSink', 'fileSink', 'SignalSender']) {
    assert.ok(name in millrace, name)
  }
})

test('no driver of a database is loaded before a connector needs it', () => {
  const program = `
    import { registerHooks } from 'node:module'
    const drivers = /node_modules\\/(pg|pg-logical-replication|mysql2|@clickhouse\\/client|better-sqlite3)\\//
    registerHooks({ load: (url, context, next) => (drivers.test(url) && console.log(url), next(url, context)) })
    await import('millrace')`
  const loaded = spawnSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  assert.deepEqual([loaded.stdout, loaded.status], ['', 0], loaded.stderr)
})

for (const guide of ['windows', 'joins', 'processors']) {
  test(`every name in the programs of the guide to ${guide} comes from millrace`, () => {
    const text = readFileSync(join(import.meta.dirname, `../../../docs/guides/${guide}.md`), 'utf8')
    const programs = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program]) => program).join('\n')
    const used = new Set(programs.match(/\b[a-zA-Z]+\b/g))
    const offered = new Set(Object.keys({ ...contracts, ...streams }))
    const missing = [...offered].filter((name) => used.has(name) && !(name in millrace))
    assert.deepEqual(missing, [])
  })
}
