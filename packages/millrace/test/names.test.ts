import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as contracts from '@millrace/contracts'
import * as streams from '@millrace/streams'
import * as millrace from 'millrace'

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
