// A world of the mock server for each test, in which nothing else happens.

const SERVER = process.env.MOCKSERVER_URL ?? 'http://127.0.0.1:7670'

async function ask(method, path, body) {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${SERVER}/_mock/worlds${path}`, { method, headers, body: body && JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return answer.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text
}

/** Turn a test that takes a world into one for node:test. */
export function inWorld(test) {
  return async () => {
    const { id } = await ask('POST', '', { fixture: 'small', freeze: '2026-06-01T12:00:00Z' })
    const world = {
      /** fetch, whose requests belong to this world wherever they go */
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, 'X-Mockserver-World': id } }),
      ask: (method, path, body) => ask(method, `/${id}${path}`, body),
      advance: (seconds) => ask('POST', `/${id}/clock/advance`, { seconds }),
      textsTo: async (number) => {
        const query = new URLSearchParams({ direction: 'outbound', number })
        return (await ask('GET', `/${id}/messages?${query}`)).messages.map((message) => message.text)
      },
    }
    try {
      await test(world)
    } catch (failure) {
      failure.message += `\n\n${await ask('GET', `/${id}/report`)}`
      throw failure
    } finally {
      await ask('DELETE', `/${id}`)
    }
  }
}
