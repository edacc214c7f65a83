import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology, tumbling } from '@millrace/streams'

export const visit = topic('visit', { key: serdes.string, value: serdes.string })
export const totals = topic('totals', { key: serdes.string, value: serdes.json<number>() })

/** Counts visits by page, in all and by the minute: a repartition topic and two changelogs. */
export function resetApp(): Topology {
  const app = topology('visits')
  const byPage = app.stream(visit).groupBy((page) => page, { name: 'by-page' })
  byPage.count({ store: 'per-page' }).toStream().to(totals)
  byPage
    .window(tumbling({ sizeMs: 60_000 }))
    .count({ store: 'per-minute' })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.start}`, count])
    .to(totals)
  return app
}
