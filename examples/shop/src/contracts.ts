import { topic } from '@millrace/contracts'
import { z } from 'zod'

/** The customers service's rows as everyone else sees them; a tombstone says that the customer was deleted. */
export const customer = topic('customer', {
  key: z.string(),
  value: z.object({ name: z.string(), country: z.string() }),
  partitions: 4,
})

/** Order events, keyed by order: each order is placed once and may be cancelled once. */
export const order = topic('order', {
  key: z.string(),
  value: z.object({
    orderId: z.string(),
    customerId: z.string(),
    amountCents: z.int().nonnegative(),
    status: z.enum(['placed', 'cancelled']),
    /** Milliseconds since the epoch. */
    placedAt: z.int(),
  }),
  partitions: 4,
})

/** Orders joined with their customers: what the reporting database holds. */
export const orderView = topic('order-view', {
  key: z.string(),
  value: z.object({
    orderId: z.string(),
    customerId: z.string(),
    customerName: z.string().nullable(),
    country: z.string(),
    amountCents: z.int(),
    status: z.enum(['placed', 'cancelled']),
    placedAt: z.int(),
  }),
  partitions: 4,
})

/** Totals of one customer, in the store `customer-orders`. */
export const customerOrders = topic('customer-orders', {
  key: z.string(),
  value: z.object({
    orders: z.int(),
    revenueCents: z.int(),
    cancelledOrders: z.int(),
    cancelledCents: z.int(),
  }),
})

/** Revenue of one country in one window, in the stores `revenue-minute`, `-hour`, `-day` and `-week`. */
export const revenue = topic('revenue', {
  key: z.string(),
  value: z.object({ orders: z.int(), cents: z.int() }),
})

/** Countries that the load generator's customers come from. */
export const countries = ['AT', 'CH', 'DE', 'FR', 'IT'] as const

/** The country of orders whose customer is not known when they are joined. */
export const unknownCountry = 'unknown'
