import { serdes, topic } from '@millrace/contracts'

export interface Order {
  readonly id: string
  readonly customer: string
  readonly cents: number
}

export const customer = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
export const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
/** Under the order's id: some have several, some none, and some have no order. */
export const payment = topic('payment', { key: serdes.string, value: serdes.json<{ id: string; cents: number }>() })
export const country = topic('country', { key: serdes.string, value: serdes.json<{ name: string }>() })

export const inputs = [customer, order, payment, country] as const
export type InputName = (typeof inputs)[number]['name']
