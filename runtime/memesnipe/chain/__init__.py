"""The chain as its programs publish it: public constants, clients and decoders."""
