package live;

import io.grpc.ServerBuilder;
import io.grpc.ServerProvider;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;

/** Makes gRPC servers that are given nothing but a port listen on loopback instead of on every address. */
public final class LoopbackServers extends ServerProvider {
  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return 10; // above gRPC's own providers
  }

  @Override
  protected ServerBuilder<?> builderForPort(final int port) {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port));
  }
}
