import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compile } from './types/compile.ts'
import { longTopology } from './types/long-topology.ts'

test('what cannot be meant does not compile, and the message says why', () => {
  const source = readFileSync(new URL('./types/misuse.ts', import.meta.url), 'utf8')
  const mark = '// @ts-expect-error '
  const { errors } = compile(source.replaceAll(mark, '// '))
  const lines = source.split('\n')
  const expected = lines.flatMap((line, at) =>
    line.includes(mark) ? [[at + 2, line.trim().slice(mark.length)] as const] : [],
  )
  assert.ok(expected.length >= 20)
  for (const [line, sentence] of expected) {
    assert.ok(errors.get(line)?.includes(sentence), `${lines[line - 1]}\n${errors.get(line) ?? 'compiles'}`)
  }
  assert.deepEqual(
    [...errors.keys()],
    expected.map(([line]) => line),
  )
})

/** What a step may cost on average; it was 93 when this was written. */
const instantiationsPerStep = 120

test('two hundred steps cost the compiler little, and each as much as the one before', () => {
  const [few, some, many] = [20, 110, 200].map((steps) => {
    const { errors, instantiations } = compile(longTopology(steps))
    assert.deepEqual([...errors.values()], [])
    return instantiations
  })
  const [first, second] = [(some! - few!) / 90, (many! - some!) / 90]
  assert.ok(first > 0 && first < instantiationsPerStep, `${first} instantiations a step`)
  assert.ok(second < first * 1.1, `then ${second}: they grow with the length of the program`)
})
