/** What remedies call by the options of connectors in code, and what the properties that say the same are called. */
const spellings: readonly (readonly [RegExp, string])[] = [
  [/`snapshot: ['"]?when-needed['"]?`/g, '`snapshot.mode=when_needed`'],
  [/another `slot`/g, 'another `slot.name`'],
  [/a `slot` of its own/g, 'a `slot.name` of its own'],
  [/`truncate: 'skip'`/g, '`skipped.operations=t`'],
  [/`onBadRecord: 'dead-letter'`/g, '`errors.tolerance=all` and `errors.deadletterqueue.topic.name`'],
  [/\(`evolve`\)/g, '(`auto.evolve=true`, or `schema.evolution=basic` of Debezium’s sink)'],
  // Its position lies with the worker's, where `forget` does not look.
  [
    /"millrace connect forget ([^"]+)"/g,
    '"millrace connect stop $1", "millrace connect offsets $1 --reset --yes" and "millrace connect resume $1"',
  ],
]

/** A remedy for those who configure connectors by properties. */
export function inProperties(remedy: string): string {
  return spellings.reduce((text, [option, property]) => text.replace(option, property), remedy)
}
