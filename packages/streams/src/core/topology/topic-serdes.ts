import type { Serde, SerdeRole } from '@millrace/contracts'
import type { AnySerde } from './physical.ts'

/**
 * Serdes of a schema registry have one form for each topic. Equal ones stay the same object, so that bytes which are known
 * under one of them need not be made again.
 */
export class TopicSerdes {
  readonly #bound = new Map<AnySerde, Map<string, AnySerde>>()

  of(serde: AnySerde, topic: string, role: SerdeRole): AnySerde {
    if (serde.forTopic === undefined) return serde
    const forms = this.#bound.get(serde) ?? new Map<string, AnySerde>()
    this.#bound.set(serde, forms)
    const name = `${role} ${topic}`
    const form = forms.get(name) ?? serde.forTopic(topic, role)
    forms.set(name, form)
    return form
  }

  /** Both serdes of whatever belongs to one topic. */
  pair<P extends { readonly keySerde: AnySerde; readonly valueSerde: AnySerde }>(part: P, topic: string): P {
    const keySerde = this.of(part.keySerde, topic, 'key')
    const valueSerde = this.of(part.valueSerde, topic, 'value')
    return keySerde === part.keySerde && valueSerde === part.valueSerde ? part : { ...part, keySerde, valueSerde }
  }
}

/** For serdes around another one: what theirs needs, they need. */
export function aroundTopicSerde<I extends Pick<Serde<unknown, never>, 'forTopic' | 'prepare'>, S>(
  inner: I,
  make: (inner: I) => S,
): { forTopic?(topic: string, role: SerdeRole): S; prepare?(): Promise<void> } {
  if (inner.forTopic === undefined) return {}
  return {
    forTopic: (topic, role) => make(inner.forTopic!(topic, role) as unknown as I),
    prepare: () => inner.prepare?.() ?? Promise.resolve(),
  }
}
