package akka.remote.artery.tcp;

import akka.remote.artery.EnvelopeBuffer;
import akka.remote.artery.RemotingFlightRecorder;
import akka.stream.Attributes;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AbstractInHandler;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import akka.util.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Cuts what comes in at the remoting port into frames, in the place of Akka 2.8.5's class of this name, which this one
 * hides because our classes come first. Akka's does not look at a frame's length: a negative one, nine bytes from anybody,
 * keeps a thread busy for good. Here a length is bounded, and memory is taken as bytes arrive. Decision 0024 has the why.
 *
 * <pre>
 * connection  'A' 'K' 'K' 'A'  u8 stream id   then frames
 * frame       i32 little endian length        then so many bytes
 * </pre>
 */
public final class TcpFraming extends GraphStage<FlowShape<ByteString, EnvelopeBuffer>> {
    /** Most bytes of a frame; above {@code akka.remote.artery.advanced.maximum-frame-size} of cluster.conf. */
    public static final int LARGEST = 32 << 20;

    private static final byte[] MAGIC = {'A', 'K', 'K', 'A'};
    private static final int FIRST_ROOM = 8192;

    private final Inlet<ByteString> in = Inlet.create("TcpFraming.in");
    private final Outlet<EnvelopeBuffer> out = Outlet.create("TcpFraming.out");
    private final FlowShape<ByteString, EnvelopeBuffer> shape = FlowShape.of(in, out);

    /** As Akka makes it. */
    @SuppressWarnings("unused") // Akka's constructor has it, and Akka calls this one.
    public TcpFraming(RemotingFlightRecorder flightRecorder) {}

    @Override
    public FlowShape<ByteString, EnvelopeBuffer> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new Logic();
    }

    /** What somebody sent is no frame. */
    static final class FrameException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        FrameException(String message) {
            super(message, null, false, false);
        }
    }

    private final class Logic extends GraphStageLogic {
        private ByteBuffer rest = ByteBuffer.allocate(0);
        private final byte[] head = new byte[MAGIC.length + 1];
        private int inHead;
        private boolean begun;
        private int streamId;
        private byte[] frame;
        private int length;
        private int filled;

        Logic() {
            super(shape);
            setHandler(in, new AbstractInHandler() {
                @Override
                public void onPush() {
                    rest = grab(in).asByteBuffer();
                    advance();
                }

                @Override
                public void onUpstreamFinish() {
                    if (isAvailable(out) || !rest.hasRemaining()) {
                        advance();
                    }
                }
            });
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    advance();
                }
            });
        }

        private void advance() {
            EnvelopeBuffer next;
            try {
                next = next();
            } catch (FrameException wrong) {
                failStage(wrong);
                return;
            }
            if (next != null) {
                push(out, next);
            } else if (!isClosed(in)) {
                if (!hasBeenPulled(in)) {
                    pull(in);
                }
            } else if (inHead > 0 || frame != null) {
                failStage(new FrameException("the connection ended within a frame"));
            } else {
                completeStage();
            }
        }

        /** The next whole frame; null when more bytes are needed. */
        private EnvelopeBuffer next() {
            while (rest.hasRemaining()) {
                if (!begun) {
                    if (fillHead(MAGIC.length + 1)) {
                        begin();
                    }
                } else if (frame == null) {
                    if (fillHead(Integer.BYTES)) {
                        beginFrame();
                    }
                } else if (fillFrame()) {
                    EnvelopeBuffer whole =
                            new EnvelopeBuffer(ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN));
                    whole.setStreamId(streamId);
                    frame = null;
                    return whole;
                }
            }
            return null;
        }

        private boolean fillHead(int wanted) {
            int count = Math.min(wanted - inHead, rest.remaining());
            rest.get(head, inHead, count);
            inHead += count;
            if (inHead < wanted) {
                return false;
            }
            inHead = 0;
            return true;
        }

        private void begin() {
            if (!Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
                throw new FrameException("a connection that does not begin as one of Artery's");
            }
            streamId = Byte.toUnsignedInt(head[MAGIC.length]);
            begun = true;
        }

        private void beginFrame() {
            length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
            if (length <= 0 || length > LARGEST) {
                throw new FrameException("a frame of %d bytes; expected 1 to %d".formatted(length, LARGEST));
            }
            frame = new byte[Math.min(length, FIRST_ROOM)];
            filled = 0;
        }

        private boolean fillFrame() {
            int count = Math.min(length - filled, rest.remaining());
            if (filled + count > frame.length) {
                frame = Arrays.copyOf(frame, Math.min(length, Math.max(filled + count, 2 * frame.length)));
            }
            rest.get(frame, filled, count);
            filled += count;
            return filled == length;
        }
    }
}
