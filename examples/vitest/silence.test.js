import { expect } from 'vitest'

import { Survey } from './survey.js'
import { test } from './world.js'

// Vitest runs this file beside survey.test.js, which gives answers to the same program.
test('nobody has answered', async ({ world }) => {
  expect(await new Survey('141510', 'demo', 'demo', world.baseUrl).count()).toEqual({})
})
