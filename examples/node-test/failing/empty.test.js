import { test } from 'node:test'

import { Confirmations } from './confirmations.js'
import { inWorld } from './mock-world.js'

test('a confirmation without an order is sent', inWorld(async (world) => {
  await new Confirmations('Login', 'Haslo', world.fetch).send('+48500111222', '')
}))
