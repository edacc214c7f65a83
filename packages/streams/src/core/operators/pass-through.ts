import type { CreateProcessor } from '../processor.ts'

/** Hands every record on: where streams merge, and where a table is read as a stream. */
export const passThroughOperator: CreateProcessor = ({ forward }) => ({ process: forward })

/** In front of a repartition topic: records without key would be spread at random, and no aggregation counts them. */
export const withKeyOperator: CreateProcessor = ({ forward, drop }) => ({
  process(record) {
    if (record.hasKey) forward(record)
    else drop('null-key')
  },
})
