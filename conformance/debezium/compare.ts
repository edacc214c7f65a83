import assert from 'node:assert/strict'
import { type Deviation, deviations } from './deviations.ts'
import { differences } from './differences.ts'
import type { ComparedTopics } from './normal-form.ts'

/** Every difference has to be among the deviations; those that were met are noted. */
export function compare(
  configuration: string,
  debezium: ComparedTopics,
  millrace: ComparedTopics,
  met: Set<Deviation>,
): void {
  assert.deepEqual(Object.keys(millrace), Object.keys(debezium), 'topics')
  const unexpected: unknown[] = []
  for (const [topic, records] of Object.entries(debezium)) {
    for (const difference of differences(records, millrace[topic])) {
      const known = deviations.find(
        (one) =>
          (one.configurations?.includes(configuration) ?? true) &&
          one.topic.test(topic) &&
          one.path.test(difference.path),
      )
      if (known) met.add(known)
      else unexpected.push({ topic, ...difference })
    }
  }
  assert.deepEqual(unexpected, [])
}
