import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Confirmations } from './confirmations.js'
import { inWorld } from './mock-world.js'

const ANNA = '+48500111222'

test('a confirmation is sent, and delivered a moment later', inWorld(async (world) => {
  const confirmations = new Confirmations('Login', 'Haslo', world.fetch)

  const id = await confirmations.send(ANNA, 'Your order 12 is on its way.')

  assert.deepEqual(await world.textsTo(ANNA), ['Your order 12 is on its way.'])
  assert.equal(await confirmations.status(id), 'in_progress')
  await world.advance(5)
  assert.equal(await confirmations.status(id), 'delivered')
}))

test('a failure of the provider is told', inWorld(async (world) => {
  await world.ask('POST', '/faults', { fault: { kind: 'provider_error', name: 'SystemUnavailable' } })
  const confirmations = new Confirmations('Login', 'Haslo', world.fetch)

  await assert.rejects(confirmations.send(ANNA, 'Your order 12 is on its way.'), /System temporarily unavailable/)

  assert.deepEqual(await world.textsTo(ANNA), [])
}))
