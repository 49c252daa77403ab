<?php
/* Runs before every PHP program of `mockserver exec`, by auto_prepend_file. Sends http:// and https:// streams through the
   proxy of https_proxy, which they ignore; curl uses it by itself. The wrapper opens PHP's own stream with a context that
   names the proxy, and passes every call on to it. */

namespace Mockserver;

final class ProxiedStream implements \ArrayAccess, \IteratorAggregate, \Countable
{
    /** @var resource|null given by PHP */
    public $context;
    /** @var resource */
    private $stream;

    public static function register(): void
    {
        foreach (['http', 'https'] as $scheme) {
            if (in_array($scheme, stream_get_wrappers(), true)) {
                stream_wrapper_unregister($scheme);
                stream_wrapper_register($scheme, self::class, STREAM_IS_URL);
            }
        }
    }

    private static function unregister(): void
    {
        foreach (['http', 'https'] as $scheme) {
            @stream_wrapper_restore($scheme);
        }
    }

    private static function bypassesProxy(string $url): bool
    {
        $host = strtolower(trim((string) parse_url($url, PHP_URL_HOST), '[]'));
        if (str_starts_with($host, '127.')) {
            return true;
        }
        foreach (array_filter(array_map('trim', explode(',', (string) getenv('no_proxy')))) as $name) {
            $name = strtolower(ltrim($name, '.'));
            if ($host === $name || str_ends_with($host, ".$name")) {
                return true;
            }
        }
        return false;
    }

    /** @return resource the program's context, or PHP's default one, with our proxy added if it names none */
    private function contextWithProxy(string $url)
    {
        $context = $this->context ?? stream_context_get_default();
        $options = stream_context_get_options($context);
        $proxy = preg_replace('~^https?://~', 'tcp://', rtrim((string) getenv('https_proxy'), '/'));
        if ($proxy !== '' && !isset($options['http']['proxy']) && !self::bypassesProxy($url)) {
            $options['http']['proxy'] = $proxy;
            $options['http']['request_fulluri'] = !str_starts_with(strtolower($url), 'https:');
        }
        $parameters = stream_context_get_params($context);
        unset($parameters['options']);
        return stream_context_create($options, $parameters);
    }

    public function stream_open(string $url, string $mode, int $flags, ?string &$opened): bool
    {
        $context = $this->contextWithProxy($url);
        self::unregister();
        try {
            $stream = $flags & STREAM_REPORT_ERRORS
                ? fopen($url, $mode, (bool) ($flags & STREAM_USE_PATH), $context)
                : @fopen($url, $mode, (bool) ($flags & STREAM_USE_PATH), $context);
        } finally {
            self::register();
        }
        if (isset($http_response_header)) {
            $GLOBALS['http_response_header'] = $http_response_header;
        }
        if ($stream === false) {
            return false;
        }
        $this->stream = $stream;
        return true;
    }

    public function stream_read(int $count): string|false
    {
        return fread($this->stream, $count);
    }

    public function stream_write(string $data): int
    {
        return (int) fwrite($this->stream, $data);
    }

    public function stream_eof(): bool
    {
        return feof($this->stream);
    }

    public function stream_tell(): int
    {
        return (int) ftell($this->stream);
    }

    public function stream_close(): void
    {
        fclose($this->stream);
    }

    public function stream_flush(): bool
    {
        return fflush($this->stream);
    }

    public function stream_stat(): array|false
    {
        return fstat($this->stream);
    }

    /** @return resource */
    public function stream_cast(int $as)
    {
        return $this->stream;
    }

    public function stream_set_option(int $option, int $first, ?int $second): bool
    {
        return match ($option) {
            STREAM_OPTION_BLOCKING => stream_set_blocking($this->stream, (bool) $first),
            STREAM_OPTION_READ_TIMEOUT => stream_set_timeout($this->stream, $first, (int) $second),
            default => false,
        };
    }

    /** PHP's own wrappers do not support stat, so file_exists() and the like return false; but libxml requires a result before it opens. */
    public function url_stat(string $url, int $flags): array|false
    {
        $caller = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 2)[1]['function'] ?? '';
        $isStatCall = str_starts_with($caller, 'is_') || str_starts_with($caller, 'file') || str_ends_with($caller, 'stat');
        return $isStatCall ? false : ['mode' => 0100444, 'size' => 0];
    }

    /* stream_get_meta_data() returns this object in place of the response's headers, so it behaves like their array. */

    private function head(): array
    {
        return stream_get_meta_data($this->stream)['wrapper_data'] ?? [];
    }

    public function getIterator(): \Iterator
    {
        return new \ArrayIterator($this->head());
    }

    public function count(): int
    {
        return count($this->head());
    }

    public function offsetExists(mixed $offset): bool
    {
        return isset($this->head()[$offset]);
    }

    public function offsetGet(mixed $offset): mixed
    {
        return $this->head()[$offset];
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
    }

    public function offsetUnset(mixed $offset): void
    {
    }
}

ProxiedStream::register();
