for (const address of process.argv.slice(2)) {
    const response = await fetch(address, { signal: AbortSignal.timeout(20000) });
    console.log(await response.text());
}
