import { expect } from 'vitest'

import { Survey } from './survey.js'
import { test } from './world.js'

test('answers are counted', async ({ world }) => {
  expect(await new Survey('14151', 'demo', 'demo', world.baseUrl).count()).toEqual({})
})
