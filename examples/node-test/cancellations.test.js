import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Confirmations } from './confirmations.js'
import { inWorld } from './mock-world.js'

const ANNA = '+48500111222' // node --test runs this file beside confirmations.test.js, which writes to her too

test('a cancellation is the only message', inWorld(async (world) => {
  await new Confirmations('Login', 'Haslo', world.fetch).send(ANNA, 'Your order 12 was cancelled.')

  assert.deepEqual(await world.textsTo(ANNA), ['Your order 12 was cancelled.'])
}))
