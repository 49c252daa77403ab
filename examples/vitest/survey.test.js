import { expect } from 'vitest'

import { Survey } from './survey.js'
import { test } from './world.js'

const PROGRAM = '141510' // one of the account demo, without messages

const answer = (world, sender, text) =>
  world.ask('POST', '/inbound', { provider: 'mgage', account: 'demo', program: PROGRAM, sender, text })

test('answers are counted over several pages', async ({ world }) => {
  await answer(world, '5556667001', 'Yes')
  await answer(world, '5556667002', 'no')
  await answer(world, '5556667003', ' YES ')

  expect(await new Survey(PROGRAM, 'demo', 'demo', world.baseUrl).count()).toEqual({ yes: 2, no: 1 })
})

test('a failure on the second page is told', async ({ world }) => {
  for (const sender of ['5556667001', '5556667002', '5556667003']) await answer(world, sender, 'Yes')
  await world.ask('POST', '/faults', { fault: { kind: 'provider_error', name: 'ServerException' }, when: { nth: 2 } })

  await expect(new Survey(PROGRAM, 'demo', 'demo', world.baseUrl).count()).rejects.toThrow(/exception/i)
})
